import './style/main.css';
import './style/views.css';
import './app.js';

// Only the built page has a service worker; in development it would hide changes.
if (import.meta.env.PROD && 'serviceWorker' in navigator)
  void navigator.serviceWorker.register('./sw.js').catch(() => undefined); // the page works without
