/** A ship on its slip. */
export function Logo({ className }: { className?: string }) {
  return (
    <svg aria-hidden="true" className={className} viewBox="0 0 32 32">
      <rect fill="#0f62c4" height="32" rx="7" width="32" />
      <path d="M6 12h20l-3.2 6.2a2 2 0 0 1-1.8 1.1H11a2 2 0 0 1-1.8-1.1z" fill="#fff" />
      <path d="M5 25.5 27 21" stroke="#9fd0ff" strokeLinecap="round" strokeWidth="2.6" />
      <path d="M15 5.5h2V11h-2z" fill="#fff" />
    </svg>
  )
}
