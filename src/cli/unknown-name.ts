import { closest } from '../mesh/suggest.ts';
import { UsageError } from './verb.ts';

/**
 * `the document has no service "oders" (did you mean "orders"?)`, or with everything it has where nothing is near.
 * @param where what was looked in, e.g. `the document`
 */
export function unknownName(where: string, what: string, name: string, known: readonly string[]): UsageError {
  const guess = closest(name, known);
  const hint = guess === undefined ? `it has ${known.join(', ')}` : `did you mean "${guess}"?`;
  return new UsageError(`${where} has no ${what} "${name}" (${hint})`);
}
