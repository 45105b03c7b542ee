//! Owns reading manifests: paths in; checked objects and every problem of every file out.
