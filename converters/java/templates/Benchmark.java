package $package;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/** How long scoring takes on this machine: {@code mvn -P benchmark test}. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class ${prefix}Benchmark {
  /** Rows a call. */
  @Param({"1", "100", "10000"})
  public int rows;

  private List<${prefix}Input> inputs;
  private ${prefix}Model model;
$own_state
  /** Loads the model, and repeats the golden rows until there are enough. */
  @Setup
  public void open() throws IOException {
    List<${prefix}Input> golden = List.copyOf(GoldenInputs.read().values());
    inputs = new ArrayList<>();
    for (int i = 0; i < rows; i++) {
      inputs.add(golden.get(i % golden.size()));
    }
    model = ${prefix}Model.load();
$own_setup  }

  /** Frees the model. */
  @TearDown
  public void close() {
    model.close();
  }

  @Benchmark
  public List<${prefix}Output> records() {
    return model.score(inputs);
  }
$own_memory
  @Test
  void measure() throws RunnerException {
    String own = getClass().getName();
    new Runner(new OptionsBuilder().include(own).build()).run();
  }
}
