import { text } from '../text.js';
import { pixelsOf } from './canvas.js';

/** A running camera. */
export interface Camera {
  /** The newest picture, its longest side at most what was asked for. */
  frame(): ImageData;
  stop(): void;
}

/** Asks for the camera (of the back, where there are two) and waits for its first picture. */
export async function startCamera(side: number): Promise<Camera> {
  const media = navigator.mediaDevices;
  const stream = await media
    ?.getUserMedia({ video: { facingMode: 'environment', width: { ideal: 640 } }, audio: false })
    .catch(() => undefined);
  if (!stream) throw new Error(text.errors.noCamera);
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  video.srcObject = stream;
  await video.play();
  return {
    frame: () => pixelsOf(video, video.videoWidth, video.videoHeight, side),
    stop() {
      for (const track of stream.getTracks()) track.stop();
      video.srcObject = null;
    },
  };
}
