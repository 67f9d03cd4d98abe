"""How do the tests of this folder start nodes, talk to them and know what must be true?"""
