import type { ReactNode } from 'react'

/** A plain table that scrolls sideways where it is too wide. */
export function Table({ columns, rows, empty }: { columns: string[]; rows: ReactNode[][]; empty: string }) {
  if (rows.length === 0) return <p className="text-muted">{empty}</p>
  return (
    <div className="overflow-x-auto rounded-lg border border-line bg-panel">
      <table className="w-full text-left text-xs">
        <thead className="text-muted">
          <tr>
            {columns.map(column => (
              <th className="whitespace-nowrap px-3 py-2 font-medium" key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="divide-y divide-line border-line border-t">
          {rows.map((cells, row) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows are drawn anew every time
            <tr key={row}>
              {cells.map((cell, column) => (
                <td className="whitespace-nowrap px-3 py-1.5 tabular-nums" key={columns[column]}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
