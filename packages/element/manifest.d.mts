/** Writes manifest.json into a model folder; gives the names of the files in it. */
export function writeManifest(folder: string): string[];
