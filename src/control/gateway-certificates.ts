/**
 * The certificates that gateways show to the outside, read from the PEM files that the document names. They are read
 * again regularly, so that a renewed file takes effect without an edit. A pair that is bad replaces nothing.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { gatewayCertificate, type SecretResource } from '../identity/secrets.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import type { Gateway, GatewayListener, Mesh } from '../mesh/mesh.ts';
import { gatewayCertificateSecret } from '../proto/names.ts';

export interface GatewayCertificatesOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pollMs: number;
  readonly onChanged: () => void;
}

const MAX_BYTES = 256 * 1024;

async function readPem(path: string): Promise<string> {
  const pem = await readFile(path, 'utf8');
  if (pem.length > MAX_BYTES) throw new Error('it is larger than 256 KiB');
  return pem;
}

/** @throws Error naming the file and what is wrong with it; never with a part of the key */
async function readPair({
  certFile,
  keyFile,
}: NonNullable<GatewayListener['tls']>): Promise<[string, string]> {
  const [certPem, keyPem] = await Promise.all([readPem(certFile), readPem(keyFile)]);
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(certPem);
  } catch {
    throw new Error(`"${certFile}" holds no certificate in PEM`);
  }
  let matches: boolean;
  try {
    matches = certificate.checkPrivateKey(createPrivateKey(keyPem));
  } catch {
    throw new Error(`"${keyFile}" holds no private key in PEM without a passphrase`);
  }
  if (!matches) throw new Error(`the key in "${keyFile}" is not that of the certificate in "${certFile}"`);
  return [certPem, keyPem];
}

export class GatewayCertificates {
  readonly #options: GatewayCertificatesOptions;
  #gateways: readonly Gateway[] = [];
  #secrets = new Map<string, SecretResource>();
  #problems = new Map<string, string>();
  #polling: Timer | undefined;

  constructor(options: GatewayCertificatesOptions) {
    this.#options = options;
  }

  /** Reads what the document names now, and from time to time again. */
  async watch(mesh: Mesh): Promise<void> {
    this.#gateways = [...mesh.gateways.values()];
    this.#polling?.cancel();
    await this.#read();
    this.#schedule();
  }

  /** The Secrets of one gateway's listeners, as far as they could ever be read. */
  secretsOf(gateway: string): readonly SecretResource[] {
    const listeners = this.#gateways.find(({ name }) => name === gateway)?.listeners ?? [];
    return listeners.flatMap(({ port }) => this.#secrets.get(gatewayCertificateSecret(gateway, port)) ?? []);
  }

  /** By secret name: why the files as they are now cannot be used. */
  problems(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#problems);
  }

  close(): void {
    this.#polling?.cancel();
  }

  #schedule(): void {
    const { clock, pollMs } = this.#options;
    if (!this.#gateways.some(({ listeners }) => listeners.some(({ tls }) => tls))) return;
    this.#polling = clock.schedule(pollMs, () => void this.#read().then(() => this.#schedule()));
  }

  async #read(): Promise<void> {
    let changed = false;
    for (const { name, listeners } of this.#gateways) {
      for (const { port, tls } of listeners) {
        if (tls && (await this.#readOne(gatewayCertificateSecret(name, port), tls))) changed = true;
      }
    }
    if (changed) this.#options.onChanged();
  }

  async #readOne(secret: string, tls: NonNullable<GatewayListener['tls']>): Promise<boolean> {
    try {
      const resource = gatewayCertificate(secret, ...(await readPair(tls)));
      this.#problems.delete(secret);
      if (this.#secrets.get(secret)?.version === resource.version) return false;
      this.#secrets.set(secret, resource);
      return true;
    } catch (error) {
      const reason = messageOf(error);
      if (this.#problems.get(secret) !== reason) {
        this.#options.logger.error(
          { secret, reason },
          'a gateway certificate cannot be used; the last good one stays',
        );
      }
      this.#problems.set(secret, reason);
      return false;
    }
  }
}
