package io.crossport.client;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A server on loopback that answers each path with what it was told, the last answer for ever. */
final class FakePortal implements AutoCloseable {
  /** What is answered: {@code promised} is the length in the header, more than there is to cut. */
  record Reply(int status, Map<String, String> headers, byte[] body, long promised) {}

  /** What was asked. */
  record Seen(String method, String path, String authorization, String key, String body) {}

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Map<String, Queue<Reply>> replies = new ConcurrentHashMap<>();
  final List<Seen> seen = new CopyOnWriteArrayList<>();

  FakePortal() {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException busy) {
      throw new UncheckedIOException(busy);
    }
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  Crossport.Builder client() {
    return Crossport.at(uri()).token("cpt_secret");
  }

  /** Adds an answer to a path below /api/v1/, with its query. */
  FakePortal on(String path, Reply reply) {
    replies.computeIfAbsent("/api/v1/" + path, any -> new ArrayDeque<>()).add(reply);
    return this;
  }

  static Reply json(String text) {
    return json(200, text);
  }

  static Reply json(int status, String text, String... headers) {
    return bytes(status, text.replace('\'', '"').getBytes(StandardCharsets.UTF_8), headers);
  }

  static Reply bytes(int status, byte[] body, String... headers) {
    Map<String, String> told = new ConcurrentHashMap<>();
    for (int i = 0; i < headers.length; i += 2) {
      told.put(headers[i], headers[i + 1]);
    }
    return new Reply(status, told, body, body.length);
  }

  static Reply cut(byte[] body, int promised) {
    return new Reply(200, Map.of(), body, promised);
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().toString();
    seen.add(
        new Seen(
            exchange.getRequestMethod(),
            path,
            exchange.getRequestHeaders().getFirst("Authorization"),
            exchange.getRequestHeaders().getFirst("Idempotency-Key"),
            new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8)));
    Reply reply = next(path);
    reply.headers.forEach((name, value) -> exchange.getResponseHeaders().set(name, value));
    exchange.sendResponseHeaders(reply.status, reply.promised == 0 ? -1 : reply.promised);
    exchange.getResponseBody().write(reply.body);
    // An answer that was promised longer ends the connection here.
    exchange.close();
  }

  private Reply next(String path) {
    Queue<Reply> queue = replies.get(path);
    if (queue == null) {
      return json(404, "{'code': 'not_found', 'detail': 'There is no such thing here.'}");
    }
    return queue.size() > 1 ? queue.remove() : queue.peek();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
