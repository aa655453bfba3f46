import type { Lease, Leases } from '../leases.ts';
import { absent, type Part } from './part.ts';

type LeaseRow = Omit<Lease, 'expiresAt'> & { readonly expiresAt: number | null };

export function createLeases({ db, queue, clock }: Part): Leases {
  const select = db.prepare(
    `SELECT node, service, address, port, serial, token_id AS tokenId, replica, expires_at AS expiresAt
     FROM leases WHERE expires_at IS NULL OR expires_at > ? ORDER BY node`,
  );
  const put = db.prepare('INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  const remove = db.prepare('DELETE FROM leases WHERE node = ? AND replica = ?');
  const orphan = db.prepare(
    'UPDATE leases SET expires_at = ? WHERE replica = ? AND (expires_at IS NULL OR expires_at > ?)',
  );
  const prune = db.prepare('DELETE FROM leases WHERE expires_at <= ?');

  return {
    async list() {
      const rows = select.all(clock.now()) as unknown as LeaseRow[];
      return rows.map((row) => ({ ...row, expiresAt: absent(row.expiresAt) }));
    },
    write: (changes) =>
      queue.write('leases', () => {
        for (const { node, replica } of changes.remove ?? []) remove.run(node, replica);
        for (const lease of changes.put ?? []) {
          const { node, service, address, port, serial, tokenId, replica, expiresAt = null } = lease;
          put.run(node, service, address, port, serial, tokenId, replica, expiresAt);
        }
        prune.run(clock.now());
      }),
    orphan: (replica, expiresAt) =>
      queue.write('leases', () => void orphan.run(expiresAt, replica, expiresAt)),
  };
}
