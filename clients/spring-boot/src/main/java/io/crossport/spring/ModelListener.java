package io.crossport.spring;

/** Is told of what a model does; quick, since callers wait. */
interface ModelListener {
  /** A call has ended, after so long; done: whether with an answer. */
  void scored(int rows, long nanoseconds, boolean done);

  /** A swap was made, or was decided against. */
  default void swapped(ModelSwapEvent event) {}

  /** The portal could not be asked, or a build not be fetched or loaded. */
  default void failed() {}
}
