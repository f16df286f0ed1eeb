package access

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// TLS is how nodes are spoken to by TLS: files, and no secrets. The zero value says nothing of it.
type TLS struct {
	On         bool   `json:"on,omitempty"`          // also for addresses without a scheme; whenever one of those below is there
	CA         string `json:"ca,omitempty"`          // a file of certificates in PEM, instead of the system's roots
	Cert       string `json:"cert,omitempty"`        // files of a client's certificate and its key in PEM
	Key        string `json:"key,omitempty"`         // together with Cert
	ServerName string `json:"server_name,omitempty"` // that the nodes' certificates must have; else their hosts
}

// Config reads the files, and returns nil where nothing is said of TLS.
func (t TLS) Config() (*tls.Config, error) {
	if t == (TLS{}) {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, fmt.Errorf("the authority's certificates: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("the authority's certificates: no certificate in %s", t.CA)
		}
	}
	switch {
	case t.Cert != "" && t.Key == "":
		return nil, errors.New("a client's certificate needs its key as well: say --tls-key")
	case t.Cert == "" && t.Key != "":
		return nil, errors.New("a client's key needs its certificate as well: say --tls-cert")
	case t.Cert != "":
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, fmt.Errorf("the client's certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
