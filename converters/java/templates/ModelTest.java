package $package;

$imports
/** Scores the golden rows and compares the answers with the original model's. */
class ${prefix}ModelTest {
  private static final int ROWS = GoldenInputs.ROWS;
  private static final Map<Integer, ${prefix}Input> INPUTS = new TreeMap<>();
  private static ${prefix}Model model;

  @BeforeAll
  static void open() throws IOException {
    INPUTS.putAll(GoldenInputs.read());
    model = ${prefix}Model.load();
  }

  @AfterAll
  static void close() {
    model.close();
  }

  @Test
  void answersLikeTheOriginalInOneBatch() throws IOException {
    compare(model.score(List.copyOf(INPUTS.values())));
  }

  @Test
  void answersLikeTheOriginalRowByRow() throws IOException {
    List<${prefix}Output> outputs = new ArrayList<>();
    for (${prefix}Input input : INPUTS.values()) {
      outputs.add(model.score(input));
    }
    compare(outputs);
  }

  @Test
  void refusesToScoreOnceClosed() throws IOException {
    ${prefix}Model closed = ${prefix}Model.load();
    closed.close();
    closed.close();
    List<${prefix}Input> rows = List.copyOf(INPUTS.values());
    assertThrows(IllegalStateException.class, () -> closed.score(rows));
  }
$text_test
  private static void compare(List<${prefix}Output> outputs) throws IOException {
$expected    assertFalse(INPUTS.isEmpty());
    int next = 0;
    for (int i : INPUTS.keySet()) {
      ${prefix}Output output = outputs.get(next++);
$comparisons    }
  }
}
