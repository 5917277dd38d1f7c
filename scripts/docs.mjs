// `npm run docs [-- NAME …]`: API pages of all packages, or of those named (maskige, metrics, …), in docs/api. Every subpath
// that a package exports is a module; the first has the package's README. A warning is a failure: a link to nothing, a
// @param without a parameter, a picture that is not there.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Application, Converter, MinimalSourceFile } from 'typedoc';
import { root, workspacePackages } from './workspace.mjs';

/** Packages whose every exported function says what it does; the others' pages may have gaps. */
const complete = ['@gss/maskige', '@gss/metrics'];

/** Source file of each subpath with types → what one writes to import it, and the README of a root. */
function modules(names) {
  const published = workspacePackages().filter(({ manifest }) => manifest.exports && !manifest.private);
  const libraries = published.filter(({ folder }) => folder.startsWith('packages/'));
  const unknown = names.filter((name) => !libraries.some(({ manifest }) => manifest.name === `@gss/${name}`));
  if (unknown.length > 0) throw new Error(`docs: expected names of published packages, got ${unknown.join(', ')}.`);
  return new Map(
    libraries
      .filter(({ manifest }) => names.length === 0 || names.includes(manifest.name.slice('@gss/'.length)))
      .flatMap(({ dir, manifest }) =>
        Object.entries(manifest.exports)
          .filter(([, target]) => target.types)
          .map(([subpath, { types }]) => [
            join(dir, types.replace('./dist/', 'src/').replace('.d.ts', '.ts')),
            { name: manifest.name + subpath.slice(1), readme: subpath === '.' && join(dir, 'README.md') },
          ]),
      ),
  );
}

/**
 * Writes the pages into the folder `out`.
 * @returns the names of the modules; throws if TypeDoc has anything to say.
 */
export async function buildDocs(out, names = []) {
  const chosen = modules(names);
  const app = await Application.bootstrap(
    {
      name: 'GSS for TypeScript',
      entryPoints: [...chosen.keys()],
      tsconfig: join(root, 'tsconfig.json'),
      basePath: root,
      out,
      readme: 'none',
      excludeInternal: true,
      excludeExternals: true, // what a class has from a library is documented there
      skipErrorChecking: true, // `npm run typecheck` does that
      disableSources: true, // there is no address they could link to
      validation: { invalidLink: true, notExported: false, notDocumented: true },
      requiredToBeDocumented: ['Function', 'Class'],
      packagesRequiringDocumentation: complete,
      logLevel: 'Warn',
      githubPages: false,
    },
    [],
  );
  const entries = app.getEntryPoints() ?? [];
  const facts = new Map();
  for (const entry of entries) {
    const fact = chosen.get(entry.sourceFile.fileName);
    facts.set(fact.name, fact);
    entry.displayName = fact.name;
  }
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.children ?? []) {
      const { readme } = facts.get(module.name) ?? {};
      if (!readme || !existsSync(readme)) continue;
      const text = new MinimalSourceFile(readFileSync(readme, 'utf8'), readme);
      module.readme = app.converter.parseRawComment(text, project.files).content;
    }
  });
  const project = app.converter.convert(entries);
  app.validate(project);
  await app.generateOutputs(project);
  const complaints = app.logger.warningCount + app.logger.errorCount;
  if (complaints > 0 || facts.size !== chosen.size) {
    throw new Error(`docs: ${complaints} warnings (above), ${facts.size} of ${chosen.size} modules.`);
  }
  return [...facts.keys()];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const out = join(root, 'docs', 'api');
  const written = await buildDocs(out, process.argv.slice(2));
  console.log(`${written.length} modules: ${join(out, 'index.html')}`);
}
