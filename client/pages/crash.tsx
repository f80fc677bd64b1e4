import { ErrorCard } from '../ui/error-card.tsx'

/** What is left to say when rendering itself failed. */
export const CrashPage = () => (
  <main className="mx-auto grid min-h-dvh max-w-md content-center p-6">
    <ErrorCard
      title="This page stopped working"
      message="That is a fault of Tidemark, not of your figures. Loading it again usually helps."
      onRetry={() => location.reload()}
    />
  </main>
)
