/** `npm run bench [-- NAME]`: the measurements behind every claim of speed. Figures are for one machine at one time. */
import { editToEnforcement } from './edit-to-enforcement.ts';
import { issuing } from './issuing.ts';

const BENCHES: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  'edit-to-enforcement': editToEnforcement,
  issuing,
};

const [name, ...args] = process.argv.slice(2);
const chosen = name === undefined ? Object.keys(BENCHES) : [name];

for (const each of chosen) {
  const bench = BENCHES[each];
  if (!bench) {
    console.error(`there is no bench "${each}"; there are ${Object.keys(BENCHES).join(', ')}`);
    process.exitCode = 2;
    break;
  }
  console.log(`\n${each}`);
  await bench(args);
}
