import type { PropsWithChildren } from 'hono/jsx'

export const Layout = ({ title, children }: PropsWithChildren<{ title: string }>) => (
  <html>
    <body>
      <h1>{title}</h1>
      {children}
    </body>
  </html>
)
