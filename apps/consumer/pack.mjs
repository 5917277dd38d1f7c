// `node pack.mjs FOLDER NAME …`: packs those packages as they are published, `workspace:^` replaced by versions.
import { pnpm } from '../../scripts/pnpm.mjs';

const [folder, ...names] = process.argv.slice(2);
const filters = names.flatMap((name) => ['--filter', name]);
process.exit(pnpm(['--recursive', ...filters, 'pack', '--pack-destination', folder], { quiet: true }));
