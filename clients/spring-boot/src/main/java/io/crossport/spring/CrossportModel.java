package io.crossport.spring;

import java.util.List;

/**
 * A model as the application calls it, whichever build answers; safe for use by many threads.
 *
 * @param <I> the generated class of one row of input, as the application was compiled against it
 * @param <O> the generated class of one answer
 */
public interface CrossportModel<I, O> {
  /** Its name in the configuration. */
  String name();

  /** The build that answers now. */
  ModelBuild build();

  /**
   * Scores one row.
   *
   * @throws IllegalArgumentException if the model cannot take the row
   * @throws IllegalStateException if the application is shutting down, or the runtime fails
   */
  O score(I row);

  /**
   * Scores many rows, all with the same build; much faster than one by one.
   *
   * @return one answer a row, in the same order
   * @throws IllegalArgumentException if the model cannot take a row
   * @throws IllegalStateException if the application is shutting down, or the runtime fails
   */
  List<O> score(List<I> rows);
}
