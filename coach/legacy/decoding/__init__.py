"""Raw records become documents, with checksums; or rejections that say why."""
