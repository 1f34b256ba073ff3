"""What napari opens: files of images and of annotations, and samples."""
