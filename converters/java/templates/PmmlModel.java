package $package;

import jakarta.xml.bind.JAXBException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.ParserConfigurationException;
import org.jpmml.evaluator.Evaluator;
import org.jpmml.evaluator.EvaluatorUtil;
import org.jpmml.evaluator.FieldValue;
import org.jpmml.evaluator.InputField;
import org.jpmml.evaluator.LoadingModelEvaluatorBuilder;
import org.jpmml.model.PMMLException;
import org.xml.sax.SAXException;

/**
$javadoc
 *
 * <p>Safe for use by many threads. Load it once and keep it: loading is slow, scoring is fast.
 *
 * <p>It runs on JPMML-Evaluator, which is licensed under the AGPL-3.0: see LICENSES in the bundle.
 */
public final class ${prefix}Model implements AutoCloseable {
  private volatile Evaluator evaluator;

  private ${prefix}Model(Evaluator evaluator) {
    this.evaluator = evaluator;
  }

$loading  private static ${prefix}Model open(byte[] content) throws IOException {
    try {
      Evaluator evaluator =
          new LoadingModelEvaluatorBuilder().load(new ByteArrayInputStream(content)).build();
      evaluator.verify();
      return new ${prefix}Model(evaluator);
    } catch (JAXBException | SAXException | ParserConfigurationException | PMMLException e) {
      throw new IOException("JPMML cannot open the model: " + e.getMessage(), e);
    }
  }

  /**
   * Scores one row.
   *
   * @throws IllegalStateException if this model is closed, or the evaluator fails
   */
  public ${prefix}Output score(${prefix}Input row) {
    Evaluator open = evaluator;
    if (open == null) {
      throw new IllegalStateException("this ${prefix}Model is closed");
    }
    Map<String, Object> values = new HashMap<>();
    row.put(values);
    try {
      Map<String, FieldValue> arguments = new HashMap<>();
      for (InputField field : open.getInputFields()) {
        String name = field.getName();
        arguments.put(name, field.prepare(values.get(name)));
      }
      return ${prefix}Output.read(EvaluatorUtil.decodeAll(open.evaluate(arguments)));
    } catch (PMMLException e) {
      throw new IllegalStateException("JPMML cannot score the row: " + e.getMessage(), e);
    }
  }

  /**
   * Scores many rows.
   *
   * @return one output a row, in the same order
   * @throws IllegalStateException if this model is closed, or the evaluator fails
   */
  public List<${prefix}Output> score(List<${prefix}Input> rows) {
    List<${prefix}Output> outputs = new ArrayList<>(rows.size());
    for (${prefix}Input row : rows) {
      outputs.add(score(row));
    }
    return outputs;
  }

  /** Lets go of the model. Rows that are being scored are finished. */
  @Override
  public void close() {
    evaluator = null;
  }
}
