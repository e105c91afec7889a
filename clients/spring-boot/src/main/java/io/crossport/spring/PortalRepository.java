package io.crossport.spring;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/** The portal's Maven repository, by whose snapshots an alias is followed. */
final class PortalRepository {
  private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
  private static final int MOST_REDIRECTS = 5;
  private static final Duration SMALL = Duration.ofSeconds(30);
  private static final Duration LARGE = Duration.ofMinutes(20);

  private final URI root;
  private final String token;
  private final HttpClient http;

  /**
   * The repository of a portal.
   *
   * @param portal the portal's address
   * @param token an API token; empty for none
   */
  PortalRepository(URI portal, String token) {
    this.root = URI.create(portal.toString().replaceAll("/+$", "") + "/maven/");
    this.token = token;
    boolean secure = "https".equalsIgnoreCase(portal.getScheme());
    this.http =
        HttpClient.newBuilder()
            .version(secure ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(Duration.ofSeconds(10))
            .build();
  }

  /**
   * What stands in place of the version in the file names of the build that an alias means now.
   *
   * @throws IOException if the portal cannot be asked, or has no such alias
   */
  String current(String coordinates, String alias) throws IOException, InterruptedException {
    String path = folder(coordinates, alias) + "maven-metadata.xml";
    byte[] told = get(path, HttpResponse.BodyHandlers.ofByteArray(), SMALL);
    try {
      DocumentBuilderFactory parsers = DocumentBuilderFactory.newInstance();
      parsers.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
      parsers.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
      Element metadata =
          parsers.newDocumentBuilder().parse(new ByteArrayInputStream(told)).getDocumentElement();
      NodeList listed = metadata.getElementsByTagName("snapshotVersion");
      for (int i = 0; i < listed.getLength(); i++) {
        Element one = (Element) listed.item(i);
        if (text(one, "extension").equals("jar") && text(one, "classifier").isEmpty()) {
          return text(one, "value");
        }
      }
      throw new IOException(root + path + " names no jar.");
    } catch (ParserConfigurationException | SAXException no) {
      throw new IOException(root + path + " is not the metadata of a Maven repository.", no);
    }
  }

  private static String text(Element parent, String name) {
    NodeList found = parent.getElementsByTagName(name);
    return found.getLength() == 0 ? "" : found.item(0).getTextContent().strip();
  }

  /**
   * Downloads the jar of an alias's build, and compares it with its sum.
   *
   * @param to the file; removed again where it is not what it should be
   * @throws IOException if it cannot be had whole
   */
  void fetch(String coordinates, String alias, String stamped, Path to)
      throws IOException, InterruptedException {
    String path = folder(coordinates, alias) + artifact(coordinates) + "-" + stamped + ".jar";
    try {
      byte[] sum = get(path + ".sha256", HttpResponse.BodyHandlers.ofByteArray(), SMALL);
      get(path, HttpResponse.BodyHandlers.ofFile(to), LARGE);
      String told = new String(sum, StandardCharsets.US_ASCII).strip();
      String found = sha256(to);
      if (!told.equals(found)) {
        throw new IOException(
            root + path + " has the sum " + found + " and not " + told + ", as it should.");
      }
    } catch (IOException | InterruptedException failed) {
      Files.deleteIfExists(to);
      throw failed;
    }
  }

  private static String folder(String coordinates, String alias) {
    String group = coordinates.substring(0, coordinates.indexOf(':')).replace('.', '/');
    return group + "/" + artifact(coordinates) + "/" + alias + "-SNAPSHOT/";
  }

  private static String artifact(String coordinates) {
    return coordinates.substring(coordinates.indexOf(':') + 1);
  }

  private <T> T get(String path, HttpResponse.BodyHandler<T> body, Duration most)
      throws IOException, InterruptedException {
    URI from = root.resolve(path);
    for (int followed = 0; followed <= MOST_REDIRECTS; followed++) {
      HttpResponse<T> answer = once(from, body, most);
      if (answer.statusCode() == 200) {
        return answer.body();
      }
      if (!REDIRECTS.contains(answer.statusCode())) {
        throw new IOException(problem(from, answer.statusCode()));
      }
      URI to = from.resolve(answer.headers().firstValue("Location").orElse(""));
      if ("https".equalsIgnoreCase(from.getScheme()) && !"https".equalsIgnoreCase(to.getScheme())) {
        throw new IOException(from + " leads to " + to + ", which is not secure.");
      }
      from = to;
    }
    throw new IOException(root + path + " leads nowhere.");
  }

  private <T> HttpResponse<T> once(URI from, HttpResponse.BodyHandler<T> body, Duration most)
      throws IOException, InterruptedException {
    HttpRequest.Builder request = HttpRequest.newBuilder(from).timeout(SMALL);
    // Files may be stored elsewhere, where the token must not go.
    if (!token.isEmpty() && from.getRawAuthority().equals(root.getRawAuthority())) {
      request.header("Authorization", "Bearer " + token);
    }
    HttpResponse.BodyHandler<T> right =
        head ->
            head.statusCode() == 200
                ? body.apply(head)
                : HttpResponse.BodySubscribers.replacing(null);
    CompletableFuture<HttpResponse<T>> coming = http.sendAsync(request.GET().build(), right);
    try {
      return coming.get(most.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException failed) {
      throw new IOException(
          root + " does not answer (" + failed.getCause().getMessage() + ").", failed.getCause());
    } catch (TimeoutException slow) {
      throw new IOException(from + " took more than " + most.toSeconds() + " s.", slow);
    } finally {
      coming.cancel(true);
    }
  }

  private static String problem(URI from, int status) {
    return switch (status) {
      case 401, 403 -> from + " wants another token: see crossport.portal.token.";
      case 404 ->
          from + " is not there: is the alias set, its version published, the token for it?";
      case 503 -> from + " is being made, or the portal is busy.";
      default -> from + " answered " + status + ".";
    };
  }

  private static String sha256(Path file) throws IOException {
    try (InputStream content = Files.newInputStream(file);
        DigestInputStream in =
            new DigestInputStream(content, MessageDigest.getInstance("SHA-256"))) {
      in.transferTo(OutputStream.nullOutputStream());
      return HexFormat.of().formatHex(in.getMessageDigest().digest());
    } catch (NoSuchAlgorithmException no) {
      throw new AssertionError("every Java has SHA-256", no);
    }
  }
}
