export const shape = (text) => `echo: ${text}`
