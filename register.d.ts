/* oxlint-disable unicorn/require-module-specifiers -- it is a module, and exports nothing */
/**
 * For `node --import=hot-hook/register`: starts hot-hook with the options of the nearest package.json. It exports nothing.
 */
export {}
