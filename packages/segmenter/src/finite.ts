import * as tf from '@tensorflow/tfjs-core';

/**
 * Looks for NaN and infinite pixels on the device: their mean is finite only if all of them are. One pass over the image and
 * four bytes read back; the read is under way while the network runs.
 * @returns waits for the answer. @throws RangeError if a pixel is no number.
 */
export function watchPixels(who: string, image: tf.Tensor4D): () => Promise<void> {
  const mean = tf.tidy(() => tf.mean(image));
  const reading = mean
    .data()
    .then(([value]) => value as number)
    .finally(() => mean.dispose());
  reading.catch(() => undefined); // whoever waits hears of it; where the network fails first, nobody does
  return async () => {
    if (Number.isFinite(await reading)) return;
    throw new RangeError(
      `${who}: expected pixels in 0..255, got NaN or infinity among them. Mend the image, e.g. tf.where(tf.isNaN(image), 0, image).`,
    );
  };
}
