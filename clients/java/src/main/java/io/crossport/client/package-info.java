/**
 * A client of a Crossport portal: {@link io.crossport.client.Crossport} lists models and versions,
 * asks for exports, waits for them, and downloads what was published, with its sums checked.
 *
 * <p>Whatever goes wrong is a {@link io.crossport.client.CrossportException} with a stable code and
 * a sentence.
 */
package io.crossport.client;
