import { request } from 'node:http';
import { ControlPlaneError, messageOf } from '../../lib/errors.ts';
import { joinedHeaders } from '../header-option.ts';
import { type DemoReady, findRunningDemo } from '../running-demo.ts';
import { unknownName } from '../unknown-name.ts';
import {
  EXIT,
  flag,
  listOption,
  requiredPositional,
  textOption,
  UsageError,
  type Verb,
  type VerbInput,
} from '../verb.ts';

const TIMEOUT_MS = 20_000;
const BODY_LIMIT = 1_048_576;

export interface CallResult {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

export interface ProxiedCall {
  /** `http://127.0.0.1:PORT`, a sidecar's outbound listener. */
  readonly proxy: string;
  readonly method: string;
  /** Absolute, e.g. `http://payments/payments/7`. Its path is sent as it is written. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** Makes a request through a sidecar's explicit proxy, without rewriting the path as a URL parser would. */
export function callThroughProxy(call: ProxiedCall): Promise<CallResult> {
  const { hostname, port } = new URL(call.proxy);
  const host = /^http:\/\/([^/?#]+)/i.exec(call.url)?.[1] ?? '';
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: hostname,
        port,
        method: call.method,
        path: call.url,
        headers: { host, ...call.headers },
        agent: false,
        timeout: TIMEOUT_MS,
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          if (body.length < BODY_LIMIT) body += chunk;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        );
        response.on('error', reject);
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    outgoing.on('error', reject);
    outgoing.end(call.body);
  });
}

function outboundOf(demo: DemoReady, service: string): string {
  const outbound = demo.proxies[service]?.outbound;
  if (outbound !== undefined) return outbound;
  const callers = Object.keys(demo.proxies).filter((name) => demo.proxies[name]?.outbound !== undefined);
  throw unknownName('the demo', 'service', service, callers);
}

function printResult(input: VerbInput, result: CallResult): void {
  const { terminal } = input;
  if (flag(input, 'json')) {
    terminal.print(JSON.stringify(result));
    return;
  }
  const colour = result.status < 400 ? 'green' : 'red';
  terminal.complain(terminal.style(`HTTP ${result.status}`, colour));
  terminal.print(result.body.trimEnd());
}

export const call: Verb = {
  positionals: ['SERVICE', 'METHOD', 'URL'],
  usage: 'call SERVICE METHOD URL',
  details: `Sends the request through the service's own sidecar, as the service itself would. The body of the answer
goes to standard output, its status to standard error. Exit code 0 for 1xx-3xx, 1 otherwise, 3 where no demo runs.

  portcullis call orders GET http://payments/payments/7`,
  options: {
    header: {
      type: 'string',
      multiple: true,
      value: "'NAME: VALUE'",
      help: 'a request header; may be repeated',
    },
    data: { type: 'string', value: 'TEXT', help: 'the request body' },
    json: { type: 'boolean', help: 'print status, headers and body as one JSON object' },
  },
  async run(input) {
    const service = requiredPositional(input, 0, 'SERVICE');
    const method = requiredPositional(input, 1, 'METHOD');
    const url = requiredPositional(input, 2, 'URL');
    if (!/^http:\/\/[^/?#]+/i.test(url)) {
      throw new UsageError(
        `"${url}" is no URL of a service: write http://SERVICE/PATH (the sidecars add the TLS)`,
      );
    }
    const demo = findRunningDemo();
    if (!demo) {
      throw new ControlPlaneError(
        'ERR_SERVER_UNREACHABLE',
        'no demo runs in this folder; start one: npm run demo',
      );
    }
    const proxy = outboundOf(demo, service);
    try {
      const result = await callThroughProxy({
        proxy,
        method,
        url,
        headers: joinedHeaders(listOption(input, 'header')),
        body: textOption(input, 'data'),
      });
      printResult(input, result);
      return result.status < 400 ? EXIT.ok : EXIT.no;
    } catch (error) {
      if (error instanceof UsageError) throw error;
      throw new ControlPlaneError(
        'ERR_SERVER_UNREACHABLE',
        `the sidecar of ${service} at ${proxy} gave no answer: ${messageOf(error)}`,
        error,
      );
    }
  },
};
