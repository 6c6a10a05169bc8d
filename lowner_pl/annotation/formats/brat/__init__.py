"""brat's folders of texts and standoff annotations."""
