/**
 * Proves that a proxy serves where it says it does: a TLS dial to its inbound listener must show the certificate that
 * was issued to it last. A registered address that is another's, a port that nothing listens on, or an Envoy that runs
 * on with an old certificate never becomes an endpoint.
 */
import { connect } from 'node:tls';
import { messageOf } from '../lib/errors.ts';
import { PRESENCE_SERVER_NAME } from '../proto/names.ts';

export interface ProbeTarget {
  readonly address: string;
  readonly port: number;
  /** Lower-case hex, as issued. */
  readonly serial: string;
}

export type ProbeResult =
  | { readonly ok: true }
  /** For the log and `status`. */
  | { readonly ok: false; readonly why: string };

export type Probe = (target: ProbeTarget) => Promise<ProbeResult>;

const TIMEOUT_MS = 3_000;

/** Never rejects. Sends nothing and closes as soon as the certificate is there. */
export const probeByTls: Probe = ({ address, port, serial }) =>
  new Promise((resolve) => {
    const where = `${address}:${port}`;
    // whose certificate it is, is the question; no client certificate is needed to be shown it
    const socket = connect({
      host: address,
      port,
      servername: PRESENCE_SERVER_NAME,
      rejectUnauthorized: false,
      timeout: TIMEOUT_MS,
    });
    const finish = (result: ProbeResult) => {
      socket.destroy();
      resolve(result);
    };
    socket.once('secureConnect', () => {
      const shown = socket.getPeerCertificate().serialNumber?.toLowerCase().replace(/^0+/, '');
      if (shown === serial.replace(/^0+/, '')) finish({ ok: true });
      else finish({ ok: false, why: `${where} shows another certificate than the one issued to this proxy` });
    });
    socket.once('timeout', () => finish({ ok: false, why: `${where} does not answer` }));
    socket.once('error', (error) =>
      finish({ ok: false, why: `${where} cannot be reached: ${messageOf(error)}` }),
    );
  });
