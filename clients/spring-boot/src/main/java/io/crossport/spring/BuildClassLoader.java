package io.crossport.spring;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Enumeration;

/**
 * The classes of one build, whose names the application has already in another build: those of the
 * model's own package come from its jar and from nowhere else, all others, such as the runtime's,
 * from the application.
 */
final class BuildClassLoader extends URLClassLoader {
  static {
    registerAsParallelCapable();
  }

  private final String own;

  /**
   * The classes of a jar.
   *
   * @param jar the build's
   * @param own the model's package
   * @param application where all else comes from
   */
  BuildClassLoader(Path jar, String own, ClassLoader application) throws IOException {
    super("crossport:" + jar.getFileName(), new URL[] {jar.toUri().toURL()}, application);
    this.own = own;
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    if (!isOwn(name)) {
      return super.loadClass(name, resolve);
    }
    synchronized (getClassLoadingLock(name)) {
      Class<?> known = findLoadedClass(name);
      return known == null ? findClass(name) : known;
    }
  }

  @Override
  public URL getResource(String name) {
    return name.startsWith(own.replace('.', '/') + "/")
        ? findResource(name)
        : super.getResource(name);
  }

  @Override
  public Enumeration<URL> getResources(String name) throws IOException {
    return name.startsWith(own.replace('.', '/') + "/")
        ? findResources(name)
        : super.getResources(name);
  }

  private boolean isOwn(String name) {
    int end = name.lastIndexOf('.');
    return end == own.length() && name.startsWith(own);
  }
}
