"""Tests of phasic."""
