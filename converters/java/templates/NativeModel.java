package $package;

$imports
/**
$javadoc
 *
 * <p>Safe for use by many threads. Load it once and keep it: loading is slow, scoring is fast.
 */
public final class ${prefix}Model implements AutoCloseable {
  /** Rows that go to the library in one call; bounds the memory that is taken for them. */
  private static final int MOST_ROWS = $most_rows;

$constants
  private final $handle model;
  // Freeing memory that is in use would end the JVM: scoring holds the read lock, closing takes the
  // write lock.
  private final ReadWriteLock lock = new ReentrantReadWriteLock();
  private boolean closed;

  private ${prefix}Model($handle model) {
    this.model = model;
  }

$loading  private static ${prefix}Model open(byte[] content) throws IOException {
$open  }

  /**
   * Scores one row.
   *
   * @throws IllegalStateException if this model is closed, or the library fails
   */
  public ${prefix}Output score(${prefix}Input row) {
    return score(List.of(row)).get(0);
  }

  /**
   * Scores many rows; much faster than one by one.
   *
   * @return one output a row, in the same order
   * @throws IllegalStateException if this model is closed, or the library fails
   */
  public List<${prefix}Output> score(List<${prefix}Input> rows) {
    List<${prefix}Output> outputs = new ArrayList<>(rows.size());
    lock.readLock().lock();
    try {
      if (closed) {
        throw new IllegalStateException("this ${prefix}Model is closed");
      }
      for (int at = 0; at < rows.size(); at += MOST_ROWS) {
        List<${prefix}Input> some = rows.subList(at, Math.min(rows.size(), at + MOST_ROWS));
        double[] answers = answers(some);
        for (int i = 0; i < some.size(); i++) {
          outputs.add(${prefix}Output.read(answers, i));
        }
      }
    } finally {
      lock.readLock().unlock();
    }
    return outputs;
  }

$answers
  /** Frees the native memory; waits for rows that are being scored. Closing twice is harmless. */
  @Override
  public void close() {
    lock.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
$free      }
    } finally {
      lock.writeLock().unlock();
    }
  }
}
