package io.crossport.client;

import static io.crossport.client.FakePortal.bytes;
import static io.crossport.client.FakePortal.cut;
import static io.crossport.client.FakePortal.json;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class CrossportTest {
  private static final String MODEL =
      "{'id': %d, 'source': 'prod', 'name': 'm%d', 'description': '', 'tags': {'team': 'risk'},"
          + " 'aliases': {'champion': '3'}, 'latest_version': null, 'newer_field': [1.5, {}]}";
  private static final String EXPORT =
      "{'id': 7, 'ref': {'source': 'prod', 'model': 'fraud', 'version': '3'}, 'target': 'onnx',"
          + " 'profile': 'java-cpu', 'state': '%s', 'code': '%s', 'sentence': '%s',"
          + " 'created_at': '2026-11-21T12:00:00.5+01:00', 'bundle': %s,"
          + " 'steps': [{'name': 'fetch', 'state': 'done', 'detail': '3 files'}]}";
  private static final Ref FRAUD = Ref.version("prod", "fraud", "3");
  private static final Duration SHORT = Duration.ofMillis(400);

  private final FakePortal portal = new FakePortal();
  private final Crossport client = portal.client().build();
  @TempDir Path folder;

  @AfterEach
  void close() {
    portal.close();
  }

  private static String models(String next, long... ids) {
    List<String> items = new java.util.ArrayList<>();
    for (long id : ids) {
      items.add(MODEL.formatted(id, id));
    }
    return "{'next': " + next + ", 'previous': null, 'results': [" + String.join(",", items) + "]}";
  }

  private static String export(String state, String code, String sentence, String bundle) {
    return EXPORT.formatted(state, code, sentence, bundle);
  }

  private static Bundle bundleOf(byte[] content) {
    String sum = HexFormat.of().formatHex(Crossport.sha256().digest(content));
    return new Bundle(5, 1, "fraud-3.1-onnx.zip", sum, content.length);
  }

  private List<Path> left() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }

  @Test
  void pagesAreFetchedWhenTheirFirstItemIsWanted() {
    portal.on("models/", json(models("'http://inner:8000/api/v1/models/?cursor=a%2Bb'", 9, 8)));
    portal.on("models/?cursor=a%2Bb", json(models("'http://inner:8000/api/v1/models/?cursor=c'")));
    portal.on("models/?cursor=c", json(models("null", 7)));
    Stream<Model> lazy = client.models();
    assertEquals(0, portal.seen.size());
    assertEquals(9, lazy.iterator().next().id());
    assertEquals(1, portal.seen.size());
    assertEquals(2, client.models().limit(2).count());
    assertEquals(2, portal.seen.size());
    assertEquals(List.of(9L, 8L, 7L), client.models().map(Model::id).toList());
    assertEquals("Bearer cpt_secret", portal.seen.get(4).authorization());
  }

  @Test
  void aPageThatLeadsToItselfEnds() {
    portal.on("models/", json(models("'http://x/api/v1/models/'", 1)));
    assertEquals(
        "not_crossport",
        assertThrows(UnreachableException.class, () -> client.models().toList()).code());
  }

  @Test
  void modelsAreReadAndFiltersAreSent() {
    portal.on("models/?name=m4&source=prod", json(models("null", 4)));
    Model model = client.model("prod", "m4").orElseThrow();
    assertEquals(Map.of("champion", "3"), model.aliases());
    assertEquals(Optional.empty(), model.latestVersion());
    assertEquals("prod/m4@champion", model.alias("champion").toString());
    portal.on("models/?q=a+%26+%C3%A4&tag=k%3Av", json(models("null")));
    ModelFilter filter = ModelFilter.all().words("a & ä").tag("k", "v");
    assertEquals(0, client.models(filter).count());
  }

  @Test
  void versionsAreRead() {
    portal.on("models/4/", json(MODEL.formatted(4, 4)));
    portal.on(
        "models/4/versions/",
        json(
            "{'next': null, 'results': [{'id': 12, 'source': 'prod', 'model': 'fraud', 'model_id':"
                + " 4, 'version': '3', 'stage': '', 'description': 'größer', 'tags': {},"
                + " 'aliases': ['champion'], 'flavors': ['sklearn'], 'run_id': 'r',"
                + " 'created_at': null}]}"));
    Version version = client.versions(client.model(4)).findFirst().orElseThrow();
    assertEquals(FRAUD, version.ref());
    assertEquals("größer", version.description());
    assertEquals(List.of("champion"), version.aliases());
  }

  @Test
  void aProblemCarriesItsCodeSentenceStatusAndFields() {
    portal.on(
        "exports/",
        json(
            422,
            "{'type': 'about:blank', 'status': 422, 'code': 'no_route', 'detail': 'Not this one.'}",
            "Content-Type",
            "application/problem+json"));
    PortalException refused =
        assertThrows(PortalException.class, () -> client.export(FRAUD, "pmml"));
    assertEquals("no_route", refused.code());
    assertEquals("Not this one.", refused.detail());
    assertEquals(422, refused.status());
    assertEquals("no_route: Not this one.", refused.getMessage());
    portal.on(
        "models/",
        json(400, "{'code': 'invalid', 'detail': 'x', 'errors': {'tag': ['write it as k:v']}}"));
    PortalException invalid =
        assertThrows(PortalException.class, () -> client.models().findFirst());
    assertEquals(Map.of("tag", List.of("write it as k:v")), invalid.errors());
  }

  @ParameterizedTest
  @ValueSource(strings = {"<html>Bad Gateway</html>", "", "[1]", "{'code': 3}", "{'a':", "{} {}"})
  void whatIsNoPortalIsSaidToBeNone(String text) {
    for (int status : new int[] {200, 404, 500}) {
      portal.on("exports/" + status + "/", json(status, text));
      UnreachableException other =
          assertThrows(UnreachableException.class, () -> client.export(status));
      assertEquals("not_crossport", other.code());
    }
  }

  @Test
  void aBusyPortalIsAskedAgainUnderTheSameKey() {
    String busy = "{'code': 'busy', 'detail': 'Later.'}";
    portal.on("exports/", json(503, busy, "Retry-After", "0"));
    portal.on("exports/", json(429, busy, "Retry-After", "Fri, 20 Nov 2020 10:00:00 GMT"));
    portal.on("exports/", json(201, export("queued", "", "", "null")));
    ExportRequest request = ExportRequest.of(FRAUD, "onnx").option("opset", 18);
    Export export = client.export(request);
    assertEquals(ExportState.QUEUED, export.state());
    assertEquals(3, portal.seen.size());
    for (FakePortal.Seen seen : portal.seen) {
      assertEquals(request.idempotencyKey(), seen.key());
      assertEquals(
          ("{'ref':{'source':'prod','model':'fraud','version':'3'},'target':'onnx',"
                  + "'options':{'opset':18}}")
              .replace('\'', '"'),
          seen.body());
    }
    client.export(FRAUD, "onnx");
    assertNotEquals(request.idempotencyKey(), portal.seen.get(3).key());
  }

  @Test
  void aPortalThatStaysBusySaysHowLong() {
    String busy = "{'code': 'busy', 'detail': 'Later.'}";
    portal.on("exports/7/", json(503, busy, "Retry-After", "0"));
    assertThrows(PortalException.class, () -> client.export(7));
    assertEquals(4, portal.seen.size());
    portal.on("exports/8/", json(503, busy, "Retry-After", "3600"));
    PortalException long1 = assertThrows(PortalException.class, () -> client.export(8));
    assertEquals(Optional.of(Duration.ofHours(1)), long1.retryAfter());
    assertEquals(5, portal.seen.size());
    portal.on("exports/9/", json(500, busy));
    assertThrows(PortalException.class, () -> client.export(9));
    assertEquals(6, portal.seen.size());
  }

  @Test
  void anExportIsAwaitedAndItsBundleOrItsSentenceGiven() {
    portal.on("exports/7/?wait=30", json(export("running", "", "", "null")));
    portal.on(
        "exports/7/?wait=30",
        json(
            export(
                "succeeded",
                "",
                "",
                "{'id': 5, 'build': 2, 'file_name': 'f.zip', 'sha256': 'ab', 'size': 10}")));
    portal.on("exports/", json(export("queued", "", "", "null")));
    Export queued = client.export(FRAUD, "onnx");
    assertEquals(List.of(new Step("fetch", "done", "3 files")), queued.steps());
    Export ended = client.await(queued, Duration.ofSeconds(61));
    assertEquals(new Bundle(5, 2, "f.zip", "ab", 10), ended.published());
    assertEquals("2026-11-21T11:00:00.500Z", ended.createdAt().orElseThrow().toString());
    portal.on("exports/8/", json(export("refused", "parity_failed", "It differs.", "null")));
    ExportFailedException failed =
        assertThrows(ExportFailedException.class, () -> client.export(8).published());
    assertEquals("parity_failed", failed.code());
    assertEquals("It differs.", failed.detail());
    assertEquals(ExportState.REFUSED, failed.state());
  }

  @Test
  void aWaitEndsInTimeAndIsNotABusyLoop() {
    portal.on("exports/", json(export("queued", "", "", "null")));
    portal.on("exports/7/?wait=1", json(export("running", "", "", "null")));
    Export queued = client.export(FRAUD, "onnx");
    Export last = client.await(queued, SHORT);
    assertEquals(2, portal.seen.size());
    assertEquals("running", assertThrows(ExportFailedException.class, last::published).code());
  }

  @Test
  void aBundleIsDownloadedWhole() throws IOException {
    byte[] content = new byte[3_000_000];
    new java.util.Random(1).nextBytes(content);
    Bundle bundle = bundleOf(content);
    String tag = "\"" + bundle.sha256() + "\"";
    portal.on("bundles/5/download/", json(503, "{}", "Retry-After", "0"));
    portal.on("bundles/5/download/", bytes(200, content, "ETag", tag));
    Path file = client.download(bundle, folder);
    assertEquals(folder.resolve("fraud-3.1-onnx.zip"), file);
    assertArrayEquals(content, Files.readAllBytes(file));
    Files.writeString(file, "old");
    client.download(bundle, file);
    assertArrayEquals(content, Files.readAllBytes(file));
    assertEquals(List.of(file), left());
  }

  @Test
  void aCutDownloadLeavesNothing() throws IOException {
    byte[] content = "half of it".getBytes(StandardCharsets.UTF_8);
    portal.on("bundles/5/download/", cut(content, 20));
    UnreachableException cut =
        assertThrows(UnreachableException.class, () -> client.download(bundleOf(content), folder));
    assertEquals("broken_off", cut.code());
    assertEquals(List.of(), left());
  }

  @Test
  void otherContentOrAnotherTagLeavesTheOldFile() throws IOException {
    byte[] content = "the bundle".getBytes(StandardCharsets.UTF_8);
    Path old = Files.writeString(folder.resolve("fraud-3.1-onnx.zip"), "old");
    portal.on("bundles/5/download/", bytes(200, "the bumble".getBytes(StandardCharsets.UTF_8)));
    portal.on("bundles/5/download/", bytes(200, content, "ETag", "\"" + "0".repeat(64) + "\""));
    for (int i = 0; i < 2; i++) {
      CorruptBundleException other =
          assertThrows(
              CorruptBundleException.class, () -> client.download(bundleOf(content), folder));
      assertEquals("wrong_sum", other.code());
      assertEquals("old", Files.readString(old));
      assertEquals(List.of(old), left());
    }
  }

  @Test
  void aDownloadThatIsRefusedOrHasNoPlaceSaysSo() throws IOException {
    Bundle bundle = bundleOf(new byte[1]);
    assertEquals(
        "not_found",
        assertThrows(PortalException.class, () -> client.download(bundle, folder)).code());
    assertThrows(
        UncheckedIOException.class, () -> client.download(bundle, folder.resolve("no/file.zip")));
    Bundle hostile = new Bundle(5, 1, "../../evil.zip", bundle.sha256(), 1);
    assertThrows(UnreachableException.class, () -> client.download(hostile, folder));
    assertEquals(List.of(), left());
  }

  @Test
  void aRedirectKeepsTheTokenOnlyOnThePortalItself() throws IOException {
    byte[] content = "the bundle".getBytes(StandardCharsets.UTF_8);
    try (FakePortal other = new FakePortal()) {
      String place = other.uri() + "/api/v1/stored";
      portal.on("bundles/5/download/", bytes(302, new byte[0], "Location", "/api/v1/moved"));
      portal.on("moved", bytes(307, new byte[0], "Location", place));
      other.on("stored", bytes(200, content));
      Path file = client.download(bundleOf(content), folder);
      assertArrayEquals(content, Files.readAllBytes(file));
      assertEquals("Bearer cpt_secret", portal.seen.get(1).authorization());
      assertNull(other.seen.get(0).authorization());
      // An answer of the API is not taken from anywhere else.
      portal.on("exports/7/", bytes(302, new byte[0], "Location", place));
      portal.on("exports/", bytes(308, new byte[0], "Location", "/api/v1/moved"));
      assertEquals(
          "redirected", assertThrows(UnreachableException.class, () -> client.export(7)).code());
      assertEquals(
          "redirected",
          assertThrows(UnreachableException.class, () -> client.export(FRAUD, "onnx")).code());
      assertEquals(1, other.seen.size());
    }
  }

  @Test
  void redirectsInACircleAndToFilesEnd() {
    portal.on("exports/7/", bytes(302, new byte[0], "Location", "/api/v1/exports/7/"));
    portal.on("bundles/5/download/", bytes(302, new byte[0], "Location", "file:///etc/passwd"));
    assertThrows(UnreachableException.class, () -> client.export(7));
    Bundle bundle = bundleOf(new byte[1]);
    assertThrows(UnreachableException.class, () -> client.download(bundle, folder));
  }

  @Test
  void aSilentPortalIsNotWaitedForForEver() throws Exception {
    try (ServerSocket silent = new ServerSocket(0)) {
      URI address = URI.create("http://127.0.0.1:" + silent.getLocalPort());
      Crossport patient = Crossport.at(address).timeout(SHORT).build();
      UnreachableException none = assertThrows(UnreachableException.class, () -> patient.export(1));
      assertEquals("unreachable", none.code());
      // One that stops in the middle of an answer.
      Thread half =
          new Thread(
              () -> {
                try {
                  silent.accept().close();
                  var connection = silent.accept();
                  String head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf";
                  connection.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
                  connection.getOutputStream().flush();
                } catch (IOException closed) {
                  throw new UncheckedIOException(closed);
                }
              });
      half.start();
      Bundle bundle = bundleOf(new byte[9]);
      UnreachableException stopped =
          assertThrows(UnreachableException.class, () -> patient.download(bundle, folder));
      assertEquals("broken_off", stopped.code());
    }
    assertEquals(List.of(), left());
  }

  @Test
  void aRequestUnderAKeyIsSentOnceMoreWhereThePortalHungUp() throws Exception {
    try (ServerSocket server = new ServerSocket(0)) {
      Thread hangs =
          new Thread(
              () -> {
                try {
                  read(server.accept()).close();
                  var again = read(server.accept());
                  byte[] body = export("queued", "", "", "null").replace('\'', '"').getBytes();
                  String head =
                      "HTTP/1.1 201 Created\r\nConnection: close\r\nContent-Length: " + body.length;
                  again.getOutputStream().write((head + "\r\n\r\n").getBytes());
                  again.getOutputStream().write(body);
                  again.getOutputStream().flush();
                  for (int i = 0; i < 2; i++) {
                    read(server.accept()).close();
                  }
                } catch (IOException closed) {
                  throw new UncheckedIOException(closed);
                }
              });
      hangs.start();
      Crossport restless =
          Crossport.at(URI.create("http://127.0.0.1:" + server.getLocalPort())).build();
      assertEquals(ExportState.QUEUED, restless.export(FRAUD, "onnx").state());
      UnreachableException gone =
          assertThrows(UnreachableException.class, () -> restless.export(FRAUD, "onnx"));
      assertEquals("unreachable", gone.code());
      hangs.join();
    }
  }

  private static Socket read(Socket connection) throws IOException {
    byte[] some = new byte[1 << 16];
    String asked = "";
    while (!asked.contains("}}") && !asked.contains("\"onnx\"}")) {
      asked += new String(some, 0, connection.getInputStream().read(some));
    }
    return connection;
  }

  @Test
  void anInterruptedWaitEndsAndStaysInterrupted() {
    portal.on("exports/", json(export("queued", "", "", "null")));
    Export queued = client.export(FRAUD, "onnx");
    Thread.currentThread().interrupt();
    CrossportException stopped =
        assertThrows(CrossportException.class, () -> client.await(queued, Duration.ofSeconds(30)));
    assertEquals("interrupted", stopped.code());
    assertTrue(Thread.interrupted());
  }

  @Test
  void anAddressOrTokenThatIsNoneIsRefusedAndTheTokenNotShown() {
    for (String address :
        List.of("ftp://x", "portal", "http:///x", "http://u:p@x", "http://x/?q=1", "http://x#a")) {
      assertThrows(IllegalArgumentException.class, () -> Crossport.at(URI.create(address)));
    }
    for (String token : List.of("", "a b", "a\nb", "ä")) {
      IllegalArgumentException no =
          assertThrows(IllegalArgumentException.class, () -> portal.client().token(token));
      assertFalse(no.getMessage().contains("a\nb"));
    }
    assertFalse(client.toString().contains("secret"));
    assertThrows(IllegalArgumentException.class, () -> new Ref("s", "m", "3", "champion"));
  }

  @Test
  void aPortalMayStandBelowAPath() {
    portal.on("../../portal/api/v1/exports/7/", json("{}"));
    Crossport below = Crossport.at(URI.create(portal.uri() + "/portal/")).build();
    assertThrows(PortalException.class, () -> below.export(7));
    assertEquals("/portal/api/v1/exports/7/", portal.seen.get(0).path());
    assertNull(portal.seen.get(0).authorization());
  }
}
