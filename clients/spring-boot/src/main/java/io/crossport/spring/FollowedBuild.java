package io.crossport.spring;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A build of a downloaded jar, in a class loader of its own; closing it lets go of all of it. */
final class FollowedBuild implements AutoCloseable {
  private final Path jar;
  private final BuildClassLoader loader;
  private final ModelClass type;
  private AutoCloseable model;

  /**
   * Opens a jar, whose model is not loaded yet. The jar is deleted in the end.
   *
   * @param jar the build's, alone in its folder
   * @param application the class of the same name that the application was compiled against
   * @throws IOException if it cannot be read, or holds no such class
   */
  FollowedBuild(Path jar, ModelClass application) throws IOException {
    this.jar = jar;
    Class<?> known = application.type();
    this.loader = new BuildClassLoader(jar, known.getPackageName(), known.getClassLoader());
    try {
      this.type = ModelClass.of(loader.loadClass(known.getName()));
    } catch (ClassNotFoundException | IllegalStateException no) {
      close();
      throw new IOException(
          "The portal's jar holds no " + known.getName() + "; are the coordinates right?", no);
    }
  }

  ModelClass type() {
    return type;
  }

  ClassLoader loader() {
    return loader;
  }

  /**
   * Loads the model, to be called with the application's own classes.
   *
   * @throws UnfitException if these are not the ones that it can be called with
   */
  Build load(ModelClass application, CrossportProperties.Model wanted) throws UnfitException {
    Fit.check(application, type);
    Translation in = new Translation(application.input(), type.input());
    Translation out = new Translation(type.output(), application.output());
    AutoCloseable loaded = type.load(wanted);
    model = loaded;
    Build.Scoring translated =
        new Build.Scoring() {
          @Override
          public Object score(Object row) {
            return out.translate(type.score(loaded, in.translate(row)));
          }

          @Override
          public List<?> score(List<?> rows) {
            List<Object> given = new ArrayList<>(rows.size());
            rows.forEach(row -> given.add(in.translate(row)));
            List<Object> made = new ArrayList<>(rows.size());
            type.score(loaded, given).forEach(one -> made.add(out.translate(one)));
            return made;
          }
        };
    return new Build(type.build(), translated, this);
  }

  @Override
  public void close() throws IOException {
    try {
      if (model != null) {
        model.close();
      }
    } catch (Exception failed) {
      throw new IOException(failed.getMessage(), failed);
    } finally {
      loader.close();
      Files.deleteIfExists(jar);
      Files.deleteIfExists(jar.getParent());
    }
  }
}
