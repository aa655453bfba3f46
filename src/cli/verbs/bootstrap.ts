import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { type AdminAddress, compileBootstrap } from '../../compile/bootstrap.ts';
import type { Proxy } from '../../compile/proxy.ts';
import { metadataOf, proxyFromMetadata } from '../../compile/proxy-metadata.ts';
import { startCommand } from '../../compile/start-command.ts';
import { isLoopback } from '../../control/peer-address.ts';
import { systemClock } from '../../lib/clock.ts';
import { ControlPlaneError, messageOf } from '../../lib/errors.ts';
import { CONTROL_PLANE, spiffeIdOf } from '../../lib/spiffe-id.ts';
import type { Mesh } from '../../mesh/mesh.ts';
import { loadMesh } from '../../mesh/read.ts';
import { nodeId, parseNodeId } from '../../proto/names.ts';
import { structOf } from '../../proto/well-known-types.ts';
import { writeFileAtomically } from '../../store/atomic-file.ts';
import { sdsFileOf } from '../../store/token-file.ts';
import { documentPath, MESH_OPTION } from '../document-path.ts';
import { parseHostPort, parsePortMap, parseSocketAddress } from '../socket-address.ts';
import { STATE_OPTION, stateFolder, xdsCaPath } from '../state-folder.ts';
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
import { reportViolations } from '../violations-report.ts';

function proxyOf(input: VerbInput, mesh: Mesh, service: string): Proxy {
  const isGateway = mesh.gateways.has(service);
  if (!isGateway && !mesh.services.has(service)) {
    const names = [...mesh.services.keys(), ...mesh.gateways.keys()];
    throw unknownName('the document', 'service or gateway', service, names);
  }
  const address = (name: string, fallback: string) =>
    parseSocketAddress(textOption(input, name) ?? fallback, name);
  const proxy: Proxy = {
    kind: isGateway ? 'gateway' : 'service',
    service,
    instance: textOption(input, 'instance') ?? '1',
    inbound: isGateway ? undefined : address('inbound', '127.0.0.1:15006'),
    outbound: isGateway ? undefined : address('outbound', '127.0.0.1:15001'),
    bindAddress: textOption(input, 'bind') ?? '127.0.0.1',
    portMap: parsePortMap(listOption(input, 'map-port')),
  };
  refuseUnlessAdmissible(proxy);
  return proxy;
}

/** What the control plane would refuse when the sidecar connects is better said now. */
function refuseUnlessAdmissible(proxy: Proxy): void {
  if (!parseNodeId(nodeId(proxy)))
    throw new UsageError(`--instance "${proxy.instance}" is no name of an instance`);
  const read = proxyFromMetadata(proxy, structOf(metadataOf(proxy)));
  if (!read.ok) throw new UsageError(`the control plane would refuse this sidecar: ${read.why}`);
}

/** Beside the bootstrap unless told otherwise: a port could be used by every app on that machine, a socket file not. */
function envoyAdmin(input: VerbInput, service: string, bootstrapFile: string): AdminAddress {
  const text = textOption(input, 'envoy-admin') ?? join(dirname(bootstrapFile), `${service}-envoy.sock`);
  if (isAbsolute(text)) return { pipe: text };
  const address = parseSocketAddress(text, 'envoy-admin');
  if (isLoopback(address.address)) return address;
  throw new UsageError(
    `--envoy-admin "${text}" would let everybody on the network shut this Envoy down: use a socket file or loopback`,
  );
}

async function xdsCa(input: VerbInput): Promise<string> {
  const path = textOption(input, 'xds-ca') ?? xdsCaPath(stateFolder(input));
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new ControlPlaneError(
      'ERR_STATE',
      `the certificate of the xDS port's authority cannot be read (${messageOf(error)}); start "portcullis serve" once, or name a copy of xds-ca.pem with --xds-ca`,
      error,
    );
  }
}

/** A word as a POSIX shell must be given it to be read as it is. */
const shellWord = (word: string) =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

export const bootstrap: Verb = {
  positionals: ['SERVICE'],
  usage: 'bootstrap SERVICE [--token FILE] [--out FILE]',
  details: `The file is complete: a stock Envoy needs nothing else but the token files. Start it with the printed command:
how fast Envoy drains is said on its command line and nowhere else.

  portcullis bootstrap orders --xds 10.0.0.1:18000 --token /etc/portcullis/orders.token \\
    --inbound 10.0.0.5:15006 --out orders.json --at /etc/portcullis/orders.json`,
  options: {
    mesh: MESH_OPTION,
    state: STATE_OPTION,
    token: {
      type: 'string',
      value: 'FILE',
      help: 'where the token file lies on that machine (default: STATE/tokens/SERVICE.token)',
    },
    xds: { type: 'string', value: 'HOST:PORT', help: 'the control plane (default: 127.0.0.1:18000)' },
    'xds-ca': { type: 'string', value: 'FILE', help: "the xDS port's authority (default: STATE/xds-ca.pem)" },
    instance: { type: 'string', value: 'NAME', help: 'tells instances of a service apart (default: 1)' },
    inbound: { type: 'string', value: 'IP:PORT', help: 'where it accepts mTLS (default: 127.0.0.1:15006)' },
    outbound: {
      type: 'string',
      value: 'IP:PORT',
      help: "the app's way out, on loopback (default: 127.0.0.1:15001)",
    },
    bind: { type: 'string', value: 'IP', help: "where a gateway's listeners bind (default: 127.0.0.1)" },
    'map-port': {
      type: 'string',
      multiple: true,
      value: 'DECLARED:ACTUAL',
      help: 'a port that differs on this machine',
    },
    'envoy-admin': {
      type: 'string',
      value: 'IP:PORT|PATH',
      help: "Envoy's own admin (default: SERVICE-envoy.sock where the bootstrap lies)",
    },
    out: { type: 'string', value: 'FILE', help: 'where to write it (default: SERVICE.bootstrap.json)' },
    at: {
      type: 'string',
      value: 'FILE',
      help: 'where the sidecar will find it (default: where it is written)',
    },
    json: { type: 'boolean', help: 'print one JSON object with the file and the command' },
  },
  async run(input) {
    const { terminal } = input;
    const service = requiredPositional(input, 0, 'SERVICE');
    const loaded = await loadMesh(documentPath(input), systemClock);
    if (!loaded.ok) return reportViolations(terminal, loaded.violations, flag(input, 'json'));
    const { mesh } = loaded;
    const { host, port } = parseHostPort(textOption(input, 'xds') ?? '127.0.0.1:18000', 'xds');
    const tokenFile = textOption(input, 'token') ?? join(stateFolder(input), 'tokens', `${service}.token`);
    const out = resolve(textOption(input, 'out') ?? `${service}.bootstrap.json`);
    const bootstrapFile = resolve(textOption(input, 'at') ?? out);
    const config = compileBootstrap({
      proxy: proxyOf(input, mesh, service),
      mesh: mesh.name,
      xds: { address: host, port },
      xdsCaPem: await xdsCa(input),
      xdsServerId: spiffeIdOf(mesh.trustDomain, CONTROL_PLANE),
      tokenFile: sdsFileOf(resolve(tokenFile)),
      admin: envoyAdmin(input, service, bootstrapFile),
    });
    await writeFileAtomically(out, `${JSON.stringify(config, null, 2)}\n`);
    const command = startCommand({ envoy: 'envoy', bootstrapFile, concurrency: 2, logLevel: 'warning' });
    if (flag(input, 'json')) {
      terminal.print(JSON.stringify({ file: out, command }));
    } else {
      terminal.complain(`wrote ${out}; start the sidecar with:`);
      terminal.print(command.map(shellWord).join(' '));
    }
    return EXIT.ok;
  },
};
