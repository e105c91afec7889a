package io.crossport.spring;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;

/** A portal's Maven repository, with builds of the model that stands among these tests. */
final class FakePortal implements AutoCloseable {
  static final String COORDINATES = "com.example:fraud";
  private static final String HOME = "/maven/com/example/fraud/champion-SNAPSHOT/";

  private final HttpServer server;
  private final Map<String, byte[]> files = new ConcurrentHashMap<>();
  final List<String> asked = new CopyOnWriteArrayList<>();
  final List<String> tokens = new CopyOnWriteArrayList<>();
  volatile String elsewhere = "";
  private int number;

  FakePortal() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.setExecutor(Executors.newCachedThreadPool());
    server.start();
  }

  URI url() {
    return URI.create("http://localhost:" + server.getAddress().getPort() + "/");
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    asked.add(path);
    tokens.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
    byte[] found = files.get(path.replace("/stored", ""));
    if (path.endsWith(".jar") && !elsewhere.isEmpty() && !path.startsWith("/stored")) {
      exchange.getResponseHeaders().set("Location", elsewhere + "/stored" + path);
      exchange.sendResponseHeaders(302, -1);
    } else if (found == null) {
      exchange.sendResponseHeaders(404, -1);
    } else {
      exchange.sendResponseHeaders(200, found.length);
      exchange.getResponseBody().write(found);
    }
    exchange.close();
  }

  /** Has the alias mean a jar. */
  void move(byte[] jar) throws Exception {
    String stamped = "champion-20261121.000000-" + ++number;
    put(stamped, jar, HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(jar)));
  }

  /** Has the alias mean a jar that is said to have this sum. */
  void move(byte[] jar, String sum) {
    put("champion-20261121.000000-" + ++number, jar, sum);
  }

  private void put(String stamped, byte[] jar, String sum) {
    files.put(HOME + "fraud-" + stamped + ".jar", jar);
    files.put(HOME + "fraud-" + stamped + ".jar.sha256", sum.getBytes(StandardCharsets.US_ASCII));
    String listed =
        "<snapshotVersion><extension>pom</extension><value>no</value></snapshotVersion>"
            + "<snapshotVersion><classifier>sources</classifier><extension>jar</extension>"
            + "<value>no</value></snapshotVersion><snapshotVersion><extension>jar</extension>"
            + "<value>"
            + stamped
            + "</value></snapshotVersion>";
    String text =
        "<?xml version='1.0' encoding='UTF-8'?><metadata><versioning><snapshotVersions>"
            + listed
            + "</snapshotVersions></versioning></metadata>";
    files.put(HOME + "maven-metadata.xml", text.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public void close() {
    server.stop(0);
  }

  /** The jar of another build, whose sources differ by these replacements. */
  static byte[] build(String... replaced) {
    try {
      Path folder = Files.createTempDirectory("build");
      List<String> command =
          new ArrayList<>(List.of("-d", folder.resolve("classes").toString(), "-proc:none"));
      try (Stream<Path> sources = Files.list(Path.of("src/test/java/example/fraud"))) {
        for (Path source : sources.toList()) {
          String text = Files.readString(source);
          for (int i = 0; i < replaced.length; i += 2) {
            text = text.replace(replaced[i], replaced[i + 1]);
          }
          Path copy = folder.resolve(source.getFileName());
          Files.writeString(copy, text);
          command.add(copy.toString());
        }
      }
      JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
      if (compiler.run(null, null, null, command.toArray(String[]::new)) != 0) {
        throw new IllegalStateException("the build does not compile");
      }
      return jar(folder.resolve("classes"));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private static byte[] jar(Path classes) throws IOException {
    ByteArrayOutputStream made = new ByteArrayOutputStream();
    try (ZipOutputStream jar = new ZipOutputStream(made);
        Stream<Path> files = Files.walk(classes)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        entry(jar, classes.relativize(file).toString(), Files.readAllBytes(file));
      }
      String golden = "example/fraud/golden/";
      entry(jar, golden + "golden.json", GOLDEN.getBytes(StandardCharsets.UTF_8));
      ByteBuffer amounts = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
      amounts.putDouble(50).putDouble(Double.NaN).putDouble(150);
      entry(jar, golden + "in-000.bin", amounts.array());
      entry(jar, golden + "in-001.bin", texts("Ulm", null, "Łódź"));
      entry(jar, golden + "in-002.bin", texts("web", "shop", "web"));
    }
    return made.toByteArray();
  }

  private static final String GOLDEN =
      """
      {
       "inputs": [
        {"dtype": "float64", "file": "in-000.bin", "name": "a \\"b\\", {\\u00fc]", "width": 0},
                  {"dtype": "string", "file": "in-001.bin", "name": "city", "width": 0},
                  {"dtype": "string", "file": "in-002.bin", "name": "channel", "width": 0}],
       "outputs": [], "rows": 3, "schema": 1}
      """;

  private static void entry(ZipOutputStream jar, String name, byte[] content) throws IOException {
    jar.putNextEntry(new ZipEntry(name));
    jar.write(content);
    jar.closeEntry();
  }

  private static byte[] texts(String... texts) {
    ByteBuffer made = ByteBuffer.allocate(100).order(ByteOrder.LITTLE_ENDIAN);
    for (String text : texts) {
      byte[] bytes = text == null ? new byte[0] : text.getBytes(StandardCharsets.UTF_8);
      made.putInt(text == null ? -1 : bytes.length).put(bytes);
    }
    byte[] whole = new byte[made.position()];
    made.flip().get(whole);
    return whole;
  }
}
