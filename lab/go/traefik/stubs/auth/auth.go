// Package auth takes the place of the HTTP authentication module, which the module
// proxy does not serve. No route of the lab asks for a password, so it lets nobody in.
package auth

import "net/http"

// SecretProvider finds the secret of a user in a realm.
type SecretProvider func(user, realm string) string

// CheckSecret says that the password is wrong.
func CheckSecret(_, _ string) bool { return false }

func deny(w http.ResponseWriter) { w.WriteHeader(http.StatusUnauthorized) }

// BasicAuth stands for HTTP Basic authentication.
type BasicAuth struct {
	Realm   string
	Secrets SecretProvider
}

// RequireAuth answers 401.
func (*BasicAuth) RequireAuth(w http.ResponseWriter, _ *http.Request) { deny(w) }

// DigestAuth stands for HTTP Digest authentication.
type DigestAuth struct{}

// NewDigestAuthenticator makes one that lets nobody in.
func NewDigestAuthenticator(_ string, _ SecretProvider) *DigestAuth { return &DigestAuth{} }

// CheckAuth finds no user.
func (*DigestAuth) CheckAuth(_ *http.Request) (string, *string) { return "", nil }

// RequireAuth answers 401.
func (*DigestAuth) RequireAuth(w http.ResponseWriter, _ *http.Request) { deny(w) }

// RequireAuthStale answers 401.
func (*DigestAuth) RequireAuthStale(w http.ResponseWriter, _ *http.Request) { deny(w) }

// DigestAuthParams reads no parameters.
func DigestAuthParams(_ string) map[string]string { return nil }
