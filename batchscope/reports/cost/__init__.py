"""The cost model beside what was measured."""
