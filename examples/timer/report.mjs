export const report = (count) => console.log(`${process.pid}: report ${count}`)
