// In JavaScript and not in package.json, because this package runs in Node only: its built-ins are not to be resolved.
export default [
  {
    path: 'dist/index.js',
    import: '*',
    limit: '28 kB',
    modifyEsbuildConfig: (config) => ({ ...config, platform: 'node', format: 'esm' }),
  },
];
