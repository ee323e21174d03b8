"""What is read back from figures."""

import xml.etree.ElementTree as ET


def texts(svg):
    return [
        " ".join(node.itertext()).strip() for node in ET.parse(svg).iter("{http://www.w3.org/2000/svg}text")
    ]
