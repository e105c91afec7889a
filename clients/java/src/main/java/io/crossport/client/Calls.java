package io.crossport.client;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;

/** HTTP as the portal speaks it: its token, its problems, its redirects, and trying again. */
final class Calls {
  private static final Set<Integer> BUSY = Set.of(429, 502, 503);
  private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
  private static final int TRIES = 4;
  private static final int MOST_REDIRECTS = 5;
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(60);

  private final HttpClient http;
  private final URI root;
  private final String token;
  private final Duration timeout;

  /**
   * The calls of one client.
   *
   * @param root the portal's address, without a slash at its end
   * @param token an API token; empty for none
   * @param timeout how long the portal may be silent
   */
  Calls(URI root, String token, Duration timeout) {
    this.root = root;
    this.token = token;
    this.timeout = timeout;
    // Over plain HTTP the upgrade to version 2 is an extra header that some servers answer wrongly.
    boolean secure = root.getScheme().equalsIgnoreCase("https");
    this.http =
        HttpClient.newBuilder()
            .version(secure ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(timeout)
            .build();
  }

  /** Parameters as a query, without the question mark. */
  static String query(Map<String, ?> parameters) {
    return parameters.entrySet().stream()
        .map(one -> encoded(one.getKey()) + "=" + encoded(String.valueOf(one.getValue())))
        .collect(Collectors.joining("&"));
  }

  /** The object that a path of the API answers with. */
  Fields get(String path, String query) {
    return get(path, query, Duration.ZERO);
  }

  /** The same of a path that answers late: after {@code longer} at most. */
  Fields get(String path, String query, Duration longer) {
    HttpRequest request = to(path, query).GET().build();
    return fields(repeated(request, null, timeout.plus(longer)));
  }

  /** The answer to an object that may be sent twice, since it goes under a key. */
  Fields post(String path, Map<String, Object> body, String key) {
    HttpRequest request =
        to(path, "")
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", key)
            .POST(HttpRequest.BodyPublishers.ofByteArray(Json.bytes(body)))
            .build();
    return fields(repeated(request, null, timeout));
  }

  /** Sends the content of a path to a sink; the headers of the answer. */
  HttpHeaders stream(String path, Intake.Sink sink) {
    HttpRequest request = to(path, "").setHeader("Accept", "*/*").GET().build();
    HttpResponse<byte[]> answer = repeated(request, sink, timeout);
    if (answer.statusCode() != 200) {
      throw problem(answer);
    }
    return answer.headers();
  }

  private HttpRequest.Builder to(String path, String query) {
    URI uri = URI.create(root + "/api/v1/" + path + (query.isEmpty() ? "" : "?" + query));
    return signed(HttpRequest.newBuilder(uri).header("Accept", "application/json"));
  }

  private HttpRequest.Builder signed(HttpRequest.Builder request) {
    request.header("User-Agent", "crossport-java");
    return token.isEmpty() ? request : request.header("Authorization", "Bearer " + token);
  }

  /** The answer of a portal that is not busy, or the last one of several. */
  private HttpResponse<byte[]> repeated(HttpRequest request, Intake.Sink sink, Duration silence) {
    for (int tried = 1; ; tried++) {
      HttpResponse<byte[]> answer;
      try {
        answer = followed(request, sink, silence);
      } catch (UnreachableException away) {
        if (tried == 1 && hungUp(away)) {
          continue;
        }
        throw away;
      }
      Duration pause = retryAfter(answer).orElse(Duration.ofSeconds(1L << (tried - 1)));
      if (!BUSY.contains(answer.statusCode())
          || tried == TRIES
          || pause.compareTo(LONGEST_PAUSE) > 0) {
        return answer;
      }
      pause(pause);
    }
  }

  /**
   * Whether a connection ended without an answer, as one does that the portal had left meanwhile.
   */
  private static boolean hungUp(UnreachableException away) {
    Throwable cause = away.getCause();
    return away.code().equals("unreachable")
        && cause instanceof IOException
        && !(cause instanceof ConnectException)
        && !(cause instanceof HttpTimeoutException);
  }

  /** The answer behind redirects: of the portal itself, or, for files, of anybody without token. */
  private HttpResponse<byte[]> followed(HttpRequest first, Intake.Sink sink, Duration silence) {
    HttpRequest request = first;
    for (int followed = 0; followed <= MOST_REDIRECTS; followed++) {
      HttpResponse<byte[]> answer = once(request, sink, silence);
      if (!REDIRECTS.contains(answer.statusCode())) {
        return answer;
      }
      URI to = location(answer);
      boolean own = sameOrigin(root, to);
      boolean open = sink != null && to.getHost() != null && !lessSecure(request.uri(), to);
      if (!first.method().equals("GET") || !(own || open)) {
        throw redirected(answer.statusCode(), to);
      }
      HttpRequest.Builder next = HttpRequest.newBuilder(to).header("Accept", "*/*").GET();
      request = own ? signed(next).build() : next.build();
    }
    throw redirected(0, request.uri());
  }

  private HttpResponse<byte[]> once(HttpRequest request, Intake.Sink sink, Duration silence) {
    AtomicLong heard = new AtomicLong(System.nanoTime());
    AtomicBoolean begun = new AtomicBoolean();
    HttpResponse.BodyHandler<byte[]> handler =
        head -> {
          begun.set(true);
          Intake.Sink taker = head.statusCode() == 200 ? sink : null;
          return new Intake(taker, () -> heard.set(System.nanoTime()));
        };
    CompletableFuture<HttpResponse<byte[]>> coming = http.sendAsync(request, handler);
    try {
      while (true) {
        long left = silence.toNanos() - (System.nanoTime() - heard.get());
        if (left <= 0) {
          throw away("it was silent for " + silence.toSeconds() + " s", begun.get(), null);
        }
        try {
          return coming.get(left, TimeUnit.NANOSECONDS);
        } catch (TimeoutException maybe) {
          // It was silent for long only where nothing came meanwhile.
        }
      }
    } catch (InterruptedException stop) {
      throw interrupted(stop);
    } catch (ExecutionException failed) {
      if (failed.getCause() instanceof LocalIoException local) {
        throw new UncheckedIOException(local);
      }
      throw away(String.valueOf(failed.getCause().getMessage()), begun.get(), failed.getCause());
    } finally {
      coming.cancel(true);
    }
  }

  /** What the sink throws where the disk, and not the network, fails. */
  static final class LocalIoException extends IOException {
    private static final long serialVersionUID = 1L;

    LocalIoException(IOException cause) {
      super(cause.toString(), cause);
    }
  }

  private Fields fields(HttpResponse<byte[]> answer) {
    if (answer.statusCode() != 200 && answer.statusCode() != 201) {
      throw problem(answer);
    }
    try {
      return new Fields(Json.object(answer.body()));
    } catch (IOException no) {
      throw Fields.strange("no JSON");
    }
  }

  private CrossportException problem(HttpResponse<byte[]> answer) {
    int status = answer.statusCode();
    try {
      Fields told = new Fields(Json.object(answer.body()));
      Map<String, List<String>> errors =
          told.has("errors")
              ? told.inner("errors").members().keySet().stream()
                  .collect(Collectors.toMap(one -> one, told.inner("errors")::words))
              : Map.of();
      return new PortalException(
          told.text("code"), told.text("detail"), status, errors, retryAfter(answer));
    } catch (IOException | UnreachableException no) {
      return new UnreachableException(
          "not_crossport",
          root
              + " answered "
              + status
              + " and not as a Crossport portal does; check the address,"
              + " and what stands between.",
          status,
          no);
    }
  }

  private UnreachableException away(String why, boolean begun, Throwable cause) {
    if (begun) {
      return new UnreachableException(
          "broken_off", "The answer of " + root + " broke off (" + why + "). Try again.", 0, cause);
    }
    return new UnreachableException(
        "unreachable",
        root + " does not answer (" + why + "). Is the address right, and is the portal running?",
        0,
        cause);
  }

  private UnreachableException redirected(int status, URI to) {
    return new UnreachableException(
        "redirected",
        root
            + " leads to "
            + to
            + ", where this client does not follow with its token; give the"
            + " address at which the portal itself answers.",
        status,
        null);
  }

  static CrossportException interrupted(InterruptedException stop) {
    Thread.currentThread().interrupt();
    return new CrossportException("interrupted", "The thread was interrupted.", 0, stop);
  }

  static void pause(Duration duration) {
    try {
      Thread.sleep(duration.toMillis());
    } catch (InterruptedException stop) {
      throw interrupted(stop);
    }
  }

  /** RFC 9110, 10.2.3: seconds or a date. */
  private static Optional<Duration> retryAfter(HttpResponse<?> answer) {
    return answer.headers().firstValue("Retry-After").flatMap(Calls::duration);
  }

  private static Optional<Duration> duration(String text) {
    try {
      if (text.strip().matches("\\d{1,9}")) {
        return Optional.of(Duration.ofSeconds(Long.parseLong(text.strip())));
      }
      ZonedDateTime date = ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME);
      Duration until = Duration.between(ZonedDateTime.now(date.getZone()), date);
      return Optional.of(until.isNegative() ? Duration.ZERO : until);
    } catch (DateTimeException neither) {
      return Optional.empty();
    }
  }

  private URI location(HttpResponse<?> answer) {
    String told = answer.headers().firstValue("Location").orElse("");
    try {
      return answer.uri().resolve(told);
    } catch (IllegalArgumentException no) {
      throw Fields.strange("a redirect to \"" + told + "\"");
    }
  }

  private static boolean sameOrigin(URI one, URI other) {
    return one.getScheme().equalsIgnoreCase(other.getScheme())
        && one.getHost().equalsIgnoreCase(other.getHost())
        && port(one) == port(other);
  }

  private static boolean lessSecure(URI from, URI to) {
    String scheme = to.getScheme();
    return !"https".equalsIgnoreCase(scheme)
        && !("http".equalsIgnoreCase(scheme) && "http".equalsIgnoreCase(from.getScheme()));
  }

  private static int port(URI uri) {
    int usual = "https".equalsIgnoreCase(uri.getScheme()) ? 443 : 80;
    return uri.getPort() == -1 ? usual : uri.getPort();
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
