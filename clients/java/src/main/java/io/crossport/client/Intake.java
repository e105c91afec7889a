package io.crossport.client;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;

/**
 * Takes the body of an answer piece by piece and notes when the last one came: a request's own
 * timeout ends with the headers, so that a body which stands still would be waited for for ever.
 */
final class Intake implements HttpResponse.BodySubscriber<byte[]> {
  /** More JSON than any answer has; what is longer comes from something else. */
  private static final int MOST = 64 << 20;

  /** Where the pieces go. */
  interface Sink {
    void write(ByteBuffer piece) throws IOException;
  }

  private final CompletableFuture<byte[]> done = new CompletableFuture<>();
  private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
  private final Sink sink;
  private final Runnable heard;
  private Flow.Subscription subscription;

  /**
   * An intake.
   *
   * @param sink gets the body; null where it is to be kept and given back
   * @param heard called at each piece
   */
  Intake(Sink sink, Runnable heard) {
    this.sink = sink == null ? this::keep : sink;
    this.heard = heard;
  }

  @Override
  public CompletionStage<byte[]> getBody() {
    return done;
  }

  @Override
  public void onSubscribe(Flow.Subscription given) {
    subscription = given;
    heard.run();
    given.request(1);
  }

  @Override
  public void onNext(List<ByteBuffer> pieces) {
    heard.run();
    try {
      for (ByteBuffer piece : pieces) {
        sink.write(piece);
      }
      subscription.request(1);
    } catch (IOException full) {
      subscription.cancel();
      done.completeExceptionally(full);
    }
  }

  @Override
  public void onError(Throwable thrown) {
    done.completeExceptionally(thrown);
  }

  @Override
  public void onComplete() {
    done.complete(kept.toByteArray());
  }

  private void keep(ByteBuffer piece) throws IOException {
    byte[] bytes = new byte[piece.remaining()];
    piece.get(bytes);
    if (kept.size() + bytes.length > MOST) {
      throw new IOException("the answer is longer than any of a portal's");
    }
    kept.writeBytes(bytes);
  }
}
