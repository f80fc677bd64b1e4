import { encode } from 'uqr'

type QrCodeProps = { readonly text: string; readonly label: string }

/** One path of squares, black on white in both themes: cameras know no other. */
export const QrCode = ({ text, label }: QrCodeProps) => {
  const { data, size } = encode(text, { ecc: 'M', border: 3 })
  const squares = data.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')))
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${size} ${size}`}
      shapeRendering="crispEdges"
      className="block aspect-square w-full max-w-60 rounded-md border border-line bg-white"
    >
      <path d={squares.join('')} className="fill-black" />
    </svg>
  )
}
