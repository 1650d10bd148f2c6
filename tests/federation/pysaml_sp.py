"""pysaml2 as the service provider that reads our answers, with python-xmlsec in place of xmlsec1.

pysaml2 normally starts the xmlsec1 program; the backend below does the same work in process.
"""

from base64 import b64encode
from pathlib import Path

import xmlsec
from lxml import etree
from saml2 import BINDING_HTTP_POST
from saml2.client import Saml2Client
from saml2.config import SPConfig
from saml2.response import AuthnResponse
from saml2.sigver import CryptoBackend

from idp.federation import keys
from tests.federation.partners import ACS, ENTITY


class InProcess(CryptoBackend):
    """pysaml2's crypto interface on python-xmlsec."""

    version = "1.3.9"

    def validate_signature(self, enctext, cert_file, cert_type, node_name, node_id):  # noqa: ARG002
        root = etree.fromstring(enctext if isinstance(enctext, bytes) else enctext.encode())
        xmlsec.tree.add_ids(root, ["ID"])
        signed = root.xpath(f"//*[@ID='{node_id}']")[0]
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_file(str(cert_file), xmlsec.KeyFormat.CERT_PEM)
        try:
            context.verify(signed.find("{http://www.w3.org/2000/09/xmldsig#}Signature"))
        except xmlsec.Error:
            return False
        return True

    def decrypt(self, enctext, key_file):
        root = etree.fromstring(enctext if isinstance(enctext, bytes) else enctext.encode())
        data = root.find(".//{http://www.w3.org/2001/04/xmlenc#}EncryptedData")
        manager = xmlsec.KeysManager()
        manager.add_key(xmlsec.Key.from_file(str(key_file), xmlsec.KeyFormat.PEM))
        xmlsec.EncryptionContext(manager).decrypt(data)
        return etree.tostring(root).decode()


class Reader:
    """A service provider that trusts one identity provider's metadata."""

    def __init__(self, folder: Path, key: keys.GeneratedKey, idp_metadata: bytes) -> None:
        (folder / "sp.key").write_text(key.private_pem)
        (folder / "sp.crt").write_text(key.cert_pem)
        pair = {"key_file": str(folder / "sp.key"), "cert_file": str(folder / "sp.crt")}
        config = SPConfig().load(
            {
                "entityid": ENTITY,
                "xmlsec_binary": "/bin/sh",  # must exist; never started
                "service": {
                    "sp": {
                        "endpoints": {"assertion_consumer_service": [(ACS, BINDING_HTTP_POST)]},
                        "want_response_signed": True,
                        "want_assertions_signed": True,
                        "allow_unsolicited": False,
                    }
                },
                "metadata": {"inline": [idp_metadata.decode()]},
                "encryption_keypairs": [pair],
                "allow_unknown_attributes": True,
                **pair,
            }
        )
        self.client = Saml2Client(config)
        self.client.sec.crypto = InProcess()

    def read(self, response: bytes, request_id: str = "_request1") -> AuthnResponse:
        """What pysaml2 makes of a posted Response; it raises where it refuses."""
        text = b64encode(response).decode()
        return self.client.parse_authn_request_response(text, BINDING_HTTP_POST, {request_id: "/"})
