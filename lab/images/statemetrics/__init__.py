"""The kube_* series that the lab's queries need, under kube-state-metrics' names."""
