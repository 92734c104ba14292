"""Which driver makes and attaches a volume claim's volume."""

from __future__ import annotations

from tuheg_ir.diagnosis.view.reading import mapping, text
from tuheg_ir.diagnosis.view.view import View


def driver_of(view: View, claim: str) -> str:
    """Return the driver of a claim's volume by the volume, its class or a note of the claim; "" if nothing tells it."""
    obj = view.objects("PersistentVolumeClaim").get(claim)
    volume = view.objects("PersistentVolume").get(text(obj, "spec", "volumeName"))
    made_by = view.objects("StorageClass").get(text(obj, "spec", "storageClassName"))
    notes = mapping(obj, "metadata", "annotations")
    noted = (text(notes, f"volume.{beta}kubernetes.io/storage-provisioner") for beta in ("", "beta."))
    return text(volume, "spec", "csi", "driver") or text(made_by, "provisioner") or next(filter(None, noted), "")
