import { ControlPlaneError } from '../../lib/errors.ts';
import type { KnownToken, TokenBinding, TokenRecord, Tokens } from '../tokens.ts';
import { absent, type Part } from './part.ts';

/** How long an expired token is still listed. */
const KEEP_EXPIRED_MS = 30 * 86_400_000;

type Nullable<T> = { readonly [K in keyof T]: T[K] | null };
type TokenRow = Pick<TokenRecord, 'jti' | 'service' | 'issuedAt' | 'expiresAt'> &
  Nullable<
    Pick<TokenRecord, 'instance' | 'cidr' | 'label' | 'predecessor'> & TokenBinding & { revokedAt: number }
  >;

const COLUMNS = `jti, service, instance, cidr, label, predecessor, issued_at AS issuedAt, expires_at AS expiresAt,
  revoked_at AS revokedAt, node, address`;

export function createTokens({ db, queue, clock, path }: Part): Tokens {
  const from = `SELECT ${COLUMNS} FROM tokens LEFT JOIN token_bindings USING (jti)`;
  const one = db.prepare(`${from} WHERE jti = ?`);
  const all = db.prepare(`${from} ORDER BY issued_at, jti`);
  const insert = db.prepare(
    `INSERT INTO tokens (jti, service, instance, cidr, label, predecessor, issued_at, expires_at, revoked_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, (SELECT revoked_at FROM tokens WHERE jti = ?))
     ON CONFLICT (jti) DO NOTHING`,
  );
  const inherit = db.prepare(
    'INSERT INTO token_bindings SELECT ?, node, address, ? FROM token_bindings WHERE jti = ?',
  );
  const revoke = db.prepare(
    `WITH RECURSIVE family (jti) AS (
       VALUES (?) UNION SELECT tokens.jti FROM tokens JOIN family ON tokens.predecessor = family.jti)
     UPDATE tokens SET revoked_at = ? WHERE jti IN family AND revoked_at IS NULL RETURNING jti`,
  );
  const retire = db.prepare('UPDATE tokens SET revoked_at = ? WHERE jti = ? AND revoked_at IS NULL');
  const prune = db.prepare('DELETE FROM tokens WHERE expires_at <= ?');
  const binding = db.prepare('SELECT node, address FROM token_bindings WHERE jti = ?');
  const bind = db.prepare('INSERT INTO token_bindings VALUES (?, ?, ?, ?)');
  const move = db.prepare('UPDATE token_bindings SET address = ? WHERE jti = ?');

  /** The first node wins; what did not change is not written. */
  function bindFirst(jti: string, wanted: TokenBinding): TokenBinding {
    const held = binding.get(jti) as TokenBinding | undefined;
    if (!held) {
      if (!one.get(jti))
        throw new ControlPlaneError('ERR_STATE', `"${path}" knows no token ${JSON.stringify(jti)}`);
      bind.run(jti, wanted.node, wanted.address, clock.now());
      return wanted;
    }
    if (held.node !== wanted.node) return { ...held };
    if (held.address !== wanted.address) move.run(wanted.address, jti);
    return wanted;
  }

  return {
    record: ({ jti, service, predecessor = null, issuedAt, expiresAt, ...token }) =>
      queue.write('tokens', () => {
        const { instance = null, cidr = null, label = null } = token;
        prune.run(clock.now() - KEEP_EXPIRED_MS);
        const values = [jti, service, instance, cidr, label, predecessor, issuedAt, expiresAt];
        const isNew = insert.run(...values, predecessor).changes > 0;
        if (isNew && predecessor !== null) inherit.run(jti, clock.now(), predecessor);
      }),
    async get(jti) {
      const row = one.get(jti) as TokenRow | undefined;
      return row && tokenOf(row);
    },
    list: async () => (all.all() as unknown as TokenRow[]).map(tokenOf),
    revoke: (jti) => queue.write('tokens', () => revoke.all(jti, clock.now()).map((row) => String(row.jti))),
    retire: (jti) => queue.write('tokens', () => retire.run(clock.now(), jti).changes > 0),
    bind: (jti, wanted) => queue.write('tokens', () => bindFirst(jti, wanted)),
  };
}

function tokenOf({ node, address, ...row }: TokenRow): KnownToken {
  return {
    ...row,
    instance: absent(row.instance),
    cidr: absent(row.cidr),
    label: absent(row.label),
    predecessor: absent(row.predecessor),
    revokedAt: absent(row.revokedAt),
    binding: node === null || address === null ? undefined : { node, address },
  };
}
