import { systemClock } from '../../lib/clock.ts';
import { loadMesh } from '../../mesh/read.ts';
import { explain } from '../../policy/explain.ts';
import { normalise } from '../../policy/normalise.ts';
import { type CanQuestion, canAnswer, questionOf } from '../can-question.ts';
import { documentPath, MESH_OPTION } from '../document-path.ts';
import { explanationLines } from '../explanation-text.ts';
import { joinedHeaders } from '../header-option.ts';
import { EXIT, flag, listOption, requiredOption, textOption, type Verb, type VerbInput } from '../verb.ts';
import { reportViolations } from '../violations-report.ts';

function askedOf(input: VerbInput): CanQuestion {
  const [method, path] = input.positionals;
  return {
    from: requiredOption(input, 'from', 'a service, a gateway or a SPIFFE ID'),
    to: requiredOption(input, 'to', 'a service'),
    port: textOption(input, 'port'),
    ...{ method, path },
    headers: joinedHeaders(listOption(input, 'header')),
    address: textOption(input, 'address'),
  };
}

export const can: Verb = {
  positionals: ['METHOD', 'PATH'],
  usage: 'can --from WHO --to SERVICE METHOD PATH [--fix]',
  details: `Answers from the document alone, as Envoy would at the callee: the verdict, the policy that decides with
file:line, or the nearest one that would have allowed the call and what differs. Exit code 0 for allowed, 1 for denied
or refused (a path that normalisation rejects is answered 400 before any policy is asked).

  portcullis can --from orders --to payments GET /payments/7
  portcullis can --from shipping --to orders GET /orders/7/payment --fix`,
  options: {
    mesh: MESH_OPTION,
    from: { type: 'string', value: 'WHO', help: 'a service, a gateway or a SPIFFE ID' },
    to: { type: 'string', value: 'SERVICE', help: 'the callee' },
    port: {
      type: 'string',
      value: 'PORT',
      help: "the callee's port, by name or number (default: its first HTTP port)",
    },
    header: {
      type: 'string',
      multiple: true,
      value: "'NAME: VALUE'",
      help: 'a request header; may be repeated',
    },
    address: { type: 'string', value: 'IP', help: "the caller's address, where policies ask for it" },
    fix: { type: 'boolean', help: 'print the YAML that allows a denied call, ready to paste' },
    json: { type: 'boolean', help: 'print one JSON object' },
  },
  async run(input) {
    const { terminal } = input;
    const loaded = await loadMesh(documentPath(input), systemClock);
    if (!loaded.ok) return reportViolations(terminal, loaded.violations, flag(input, 'json'));
    const { mesh } = loaded;
    const call = questionOf(askedOf(input), mesh);
    const explanation = explain(mesh, normalise(mesh), call);
    const withFix = flag(input, 'fix');
    if (flag(input, 'json')) terminal.print(JSON.stringify(canAnswer(explanation, withFix)));
    else for (const line of explanationLines(terminal, call, explanation, { withFix })) terminal.print(line);
    return explanation.decision.verdict === 'allow' ? EXIT.ok : EXIT.no;
  },
};
