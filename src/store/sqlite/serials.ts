import type { IssuedSerial, Serials } from '../serials.ts';
import type { Part } from './part.ts';

export function createSerials({ db, queue, clock }: Part): Serials {
  const select = db.prepare(
    `SELECT serial, node, spiffe_id AS spiffeId, authority_id AS authorityId, issued_at AS issuedAt,
       not_after AS notAfter
     FROM serials AS newest
     WHERE not_after > ? AND NOT EXISTS (
       SELECT 1 FROM serials
       WHERE node = newest.node AND (issued_at, serial) > (newest.issued_at, newest.serial))
     ORDER BY node`,
  );
  const insert = db.prepare('INSERT INTO serials VALUES (?, ?, ?, ?, ?, ?)');
  const forget = db.prepare('DELETE FROM serials WHERE node = ?');
  const prune = db.prepare('DELETE FROM serials WHERE not_after <= ?');

  return {
    async current() {
      const rows = select.all(clock.now()) as unknown as IssuedSerial[];
      return rows.map((row) => ({ ...row }));
    },
    record: ({ serial, node, spiffeId, authorityId, issuedAt, notAfter }) =>
      queue.write('serials', () => {
        prune.run(clock.now());
        insert.run(serial, node, spiffeId, authorityId, issuedAt, notAfter);
      }),
    forget: (node) => queue.write('serials', () => void forget.run(node)),
  };
}
