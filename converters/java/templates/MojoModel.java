package $package;

import hex.genmodel.GenModel;
import hex.genmodel.MojoModel;
import hex.genmodel.MojoReaderBackend;
import hex.genmodel.MojoReaderBackendFactory;
import hex.genmodel.MojoReaderBackendFactory.CachingStrategy;
import hex.genmodel.easy.EasyPredictModelWrapper;
import hex.genmodel.easy.RowData;
import hex.genmodel.easy.exception.PredictException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
$javadoc
 *
 * <p>Safe for use by many threads. Load it once and keep it: loading is slow, scoring is fast.
 */
public final class ${prefix}Model implements AutoCloseable {
  private volatile EasyPredictModelWrapper wrapper;

  private ${prefix}Model(EasyPredictModelWrapper wrapper) {
    this.wrapper = wrapper;
  }

$loading  private static ${prefix}Model open(byte[] content) throws IOException {
    MojoReaderBackend archive =
        MojoReaderBackendFactory.createReaderBackend(
            new ByteArrayInputStream(content), CachingStrategy.MEMORY);
    EasyPredictModelWrapper.Config config =
        new EasyPredictModelWrapper.Config()
            .setModel(MojoModel.load(archive))
            .setConvertUnknownCategoricalLevelsToNa(true);
    return new ${prefix}Model(new EasyPredictModelWrapper(config));
  }

  /**
   * Scores one row.
   *
   * @throws IllegalStateException if this model is closed, or genmodel fails
   */
  public ${prefix}Output score(${prefix}Input row) {
    EasyPredictModelWrapper open = wrapper;
    if (open == null) {
      throw new IllegalStateException("this ${prefix}Model is closed");
    }
    Map<String, Object> values = new HashMap<>();
    row.put(values);
    try {
      RowData data = data(open.getModel(), values);
      return ${prefix}Output.read(open.predict(data, open.getModelCategory()));
    } catch (PredictException e) {
      throw new IllegalStateException("genmodel cannot score the row: " + e.getMessage(), e);
    }
  }

  /** The columns that the model reads: levels as text, numbers as doubles; not those missing. */
  private static RowData data(GenModel model, Map<String, Object> values) {
    RowData data = new RowData();
    for (int i = 0; i < model.nfeatures(); i++) {
      String name = model.getNames()[i];
      Object value = values.get(name);
      if (value != null) {
        data.put(name, model.getDomainValues(i) == null ? number(value) : level(value));
      }
    }
    return data;
  }

  private static Double number(Object value) {
    return value instanceof Number number ? Double.valueOf(number.doubleValue()) : null;
  }

  private static String level(Object value) {
    if (value instanceof Boolean flag) {
      return flag ? "True" : "False";
    }
    return value.toString();
  }

  /**
   * Scores many rows.
   *
   * @return one output a row, in the same order
   * @throws IllegalStateException if this model is closed, or genmodel fails
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
    wrapper = null;
  }
}
