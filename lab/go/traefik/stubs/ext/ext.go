// Package ext takes the place of a module nested in Traefik's source, which is not part
// of Traefik's archive in the module proxy. It adds no fields.
package ext

// HTTP adds nothing to the HTTP configuration.
type HTTP struct{}

// DeepCopyInto has nothing to copy.
func (in *HTTP) DeepCopyInto(out *HTTP) { *out = *in }

// Router adds nothing to a router.
type Router struct{}

// DeepCopyInto has nothing to copy.
func (in *Router) DeepCopyInto(out *Router) { *out = *in }
