import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.StandardLocation;
import javax.tools.ToolProvider;

/**
 * Compiles generated projects and runs their golden rows, one after the other in one warm JVM.
 *
 * <p>Its folder holds the pipe {@code requests}, a line a job: the name of a folder with {@code
 * java}, the project, and {@code resources}, the model and its golden rows as the class path has
 * them. It leaves {@code out}, the answers, and {@code answer}, lines of {@code name=value}.
 */
public final class CheckServer {
  private static final String RELEASE = "17";
  private static final String DRIVER = "GoldenAnswers";
  private static final String ECLIPSE = "org.eclipse.jdt.internal.compiler.tool.EclipseCompiler";
  private static final int MOST_MESSAGE = 2000;

  private final JavaCompiler compiler;
  private final boolean eclipse;
  private final StandardJavaFileManager files;

  private CheckServer() throws ReflectiveOperationException {
    JavaCompiler own = ToolProvider.getSystemJavaCompiler();
    eclipse = own == null;
    compiler =
        eclipse
            ? (JavaCompiler) Class.forName(ECLIPSE).getDeclaredConstructor().newInstance()
            : own;
    files = compiler.getStandardFileManager(null, Locale.ROOT, StandardCharsets.UTF_8);
  }

  /** Serves the folder until the pipe ends. */
  public static void main(String[] arguments) throws Exception {
    Path folder = Path.of(arguments[0]);
    CheckServer server = new CheckServer();
    try (BufferedReader requests = Files.newBufferedReader(folder.resolve("requests"))) {
      for (String name = requests.readLine(); name != null; name = requests.readLine()) {
        Path job = folder.resolve(name);
        Path part = job.resolve("answer.part");
        Files.writeString(part, server.check(job));
        Files.move(part, job.resolve("answer"), StandardCopyOption.ATOMIC_MOVE);
      }
    }
  }

  private String check(Path job) throws IOException {
    long begun = System.nanoTime();
    String state = "compile";
    String message;
    long compiled = begun;
    try {
      message = compile(job);
      compiled = System.nanoTime();
      if (message.isEmpty()) {
        state = "run";
        message = run(job);
        state = message.isEmpty() ? "ran" : state;
      }
    } catch (IOException | UncheckedIOException | ReflectiveOperationException broken) {
      message = trace(broken);
    }
    long ended = System.nanoTime();
    return String.join(
        "\n",
        "state=" + state,
        "message=" + brief(message),
        "compiler=" + (eclipse ? "ecj" : "javac"),
        "compile_ms=" + (compiled - begun) / 1_000_000,
        "run_ms=" + (ended - compiled) / 1_000_000,
        "java=" + System.getProperty("java.version"),
        "resident_kb=" + residentKb(),
        "");
  }

  /** What the compiler says against the sources; nothing where it takes them. */
  private String compile(Path job) throws IOException {
    Path classes = Files.createDirectories(job.resolve("classes"));
    files.setLocationFromPaths(StandardLocation.CLASS_OUTPUT, List.of(classes));
    DiagnosticCollector<JavaFileObject> said = new DiagnosticCollector<>();
    List<String> options = new ArrayList<>(List.of("--release", RELEASE, "-proc:none"));
    if (!eclipse) {
      // Eclipse's compiler warns of other things; javac's warnings are what the bundle promises.
      options.addAll(List.of("-Xlint:all", "-Werror"));
    }
    Iterable<? extends JavaFileObject> units = files.getJavaFileObjectsFromPaths(sources(job));
    if (compiler.getTask(null, files, said, options, null, units).call()) {
      return "";
    }
    for (Diagnostic<? extends JavaFileObject> one : said.getDiagnostics()) {
      if (one.getKind() != Diagnostic.Kind.NOTE) {
        String file = one.getSource() == null ? "" : Path.of(one.getSource().getName()) + ":";
        String name = file.substring(file.lastIndexOf('/') + 1);
        return name + one.getLineNumber() + ": " + one.getMessage(Locale.ROOT);
      }
    }
    return "the compiler refuses the sources and does not say why";
  }

  /** The project's sources, without those that need JUnit and JMH, which are not here. */
  private static List<Path> sources(Path job) throws IOException {
    try (Stream<Path> found = Files.walk(job.resolve("java/src"))) {
      return found
          .filter(path -> path.toString().endsWith(".java"))
          .filter(path -> !path.toString().matches(".*(ModelTest|Benchmark)\\.java"))
          .sorted()
          .toList();
    }
  }

  /** Why the golden rows could not be scored; nothing where they were. */
  private static String run(Path job) throws IOException, ReflectiveOperationException {
    Path classes = job.resolve("classes");
    String driver;
    try (Stream<Path> found = Files.walk(classes)) {
      Path file =
          found
              .filter(path -> path.endsWith(DRIVER + ".class"))
              .findFirst()
              .orElseThrow(() -> new ClassNotFoundException(DRIVER));
      String name = classes.relativize(file).toString().replace('/', '.');
      driver = name.substring(0, name.length() - ".class".length());
    }
    URL[] places = {classes.toUri().toURL(), job.resolve("resources").toUri().toURL()};
    Path out = Files.createDirectories(job.resolve("out"));
    // A large model is copied out of its resources: into this job's folder, which is removed.
    System.setProperty("crossport.cache", job.resolve("cache").toString());
    try (URLClassLoader loader = new URLClassLoader(places)) {
      String[] arguments = {out.toString()};
      loader.loadClass(driver).getMethod("main", String[].class).invoke(null, (Object) arguments);
      return "";
    } catch (InvocationTargetException thrown) {
      return trace(thrown.getCause());
    }
  }

  private static String trace(Throwable thrown) {
    StringWriter text = new StringWriter();
    thrown.printStackTrace(new PrintWriter(text));
    System.out.println(text);
    return thrown.toString();
  }

  private static String brief(String message) {
    String line = message.replaceAll("\\s+", " ").strip();
    return line.substring(0, Math.min(line.length(), MOST_MESSAGE));
  }

  private static long residentKb() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    return 0;
  }
}
